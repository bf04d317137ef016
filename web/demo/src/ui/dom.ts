/** What an element may be given: properties, attributes, and listeners under `on`. Styles stand in the style sheets. */
export interface Given {
  class?: string;
  text?: string;
  on?: { [name: string]: (event: never) => void };
  [attribute: string]: unknown;
}

export type Child = Node | string | null | undefined | false;

/** Makes an element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  given: Given = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = String(value);
    else if (name === "text") element.textContent = String(value);
    else if (name === "on") listen(element, value as Record<string, EventListener>);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, String(value));
  }
  element.append(...present(children));
  return element;
}

function listen(element: HTMLElement, listeners: Record<string, EventListener>): void {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}

function present(children: Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false);
}

/** Puts other children into an element, and leaves it alone if they are the same already. */
export function fill(element: Element, ...children: Child[]): void {
  const wanted = present(children);
  if (wanted.length === 1 && typeof wanted[0] === "string" && element.childElementCount === 0) {
    if (element.textContent !== wanted[0]) element.textContent = wanted[0];
    return;
  }
  element.replaceChildren(...wanted);
}

const SVG = "http://www.w3.org/2000/svg";

/** The page's own few drawings: strokes on a field of 16 by 16. */
const DRAWINGS = {
  add: "M8 3.5v9M3.5 8h9",
  close: "M4 4l8 8M12 4l-8 8",
  files: "M2.5 4.5h11M2.5 8h11M2.5 11.5h7",
  link: "M6.5 9.5a2.5 2.5 0 0 0 3.540 0l2.250-2.250a2.5 2.5 0 0 0-3.540-3.540l-.75.75M9.5 6.5a2.5 2.5 0 0 0-3.540 0L3.710 8.750a2.5 2.5 0 0 0 3.540 3.540l.75-.75",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  pencil: "M3 13l.6-2.900L10.5 3.200l2.300 2.300-6.900 6.900z",
  sun: "M8 5.250a2.750 2.750 0 1 0 0 5.5 2.750 2.750 0 0 0 0-5.5zM8 1.5v1.250M8 13.250v1.250M1.5 8h1.250M13.250 8h1.250M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9",
  bin: "M3 4.5h10M6.5 4.5v-1.5h3v1.5M4.5 4.5l.5 8.5h6l.5-8.500",
  eye: "M1.5 8S4 3.750 8 3.750 14.5 8 14.5 8 12 12.250 8 12.250 1.5 8 1.5 8zM8 6.250a1.750 1.750 0 1 0 0 3.5 1.750 1.750 0 0 0 0-3.5z",
};

/** One of the page's drawings; it says nothing to a screen reader. */
export function drawing(name: keyof typeof DRAWINGS): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", DRAWINGS[name]);
  svg.append(path);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "drawing");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

/** A button that shows a drawing; `label` is what it does. */
export function iconButton(
  name: keyof typeof DRAWINGS,
  label: string,
  click: (event: MouseEvent) => void,
  given: Given = {},
): HTMLButtonElement {
  const button = h("button", { type: "button", class: "icon", "aria-label": label, title: label, ...given });
  button.append(drawing(name));
  button.addEventListener("click", click);
  return button;
}

/** The mark: two carets, one behind the other. */
export function mark(): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, shape] of [
    ["front", "M5 4h10v3h-3.5v18H15v3H5v-3h3.5V7H5z"],
    ["back", "M17 9h10v3h-3.5v13H27v3H17v-3h3.5V12H17z"],
  ] as const) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}
