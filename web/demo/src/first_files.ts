/** What a room can begin with. */
export const STARTS = [
  { id: "python", label: "Python" },
  { id: "typescript", label: "TypeScript" },
  { id: "rust", label: "Rust" },
  { id: "go", label: "Go" },
  { id: "empty", label: "An empty file" },
] as const;

const NOTES = `# Welcome

- Send the link of this page to whoever should join: the button at the top right copies it.
- Click a person to follow them. Escape ends it.
- While you type, grey text is what might come next: Tab takes it, Escape dismisses it.
- Escape and then Tab leaves the editor by keyboard.
- "Saved" means that the server has stored it.
`;

const PYTHON = `def fizzbuzz(number: int) -> str:
    """What is said for a number."""
    if number % 15 == 0:
        return "FizzBuzz"
    if number % 3 == 0:
        return "Fizz"
    return str(number)


for number in range(1, 16):
    print(fizzbuzz(number))
`;

const TYPESCRIPT = `/** What is said for a number. */
function fizzbuzz(number: number): string {
  if (number % 15 === 0) return "FizzBuzz";
  if (number % 3 === 0) return "Fizz";
  return String(number);
}

for (let number = 1; number <= 15; number++) {
  console.log(fizzbuzz(number));
}
`;

const RUST = `/// What is said for a number.
fn fizzbuzz(number: u32) -> String {
    match (number % 3, number % 5) {
        (0, 0) => "FizzBuzz".to_owned(),
        (0, _) => "Fizz".to_owned(),
        _ => number.to_string(),
    }
}

fn main() {
    for number in 1..=15 {
        println!("{}", fizzbuzz(number));
    }
}
`;

const GO = `package main

import "fmt"

// fizzbuzz is what is said for a number.
func fizzbuzz(number int) string {
	switch {
	case number%15 == 0:
		return "FizzBuzz"
	case number%3 == 0:
		return "Fizz"
	}
	return fmt.Sprint(number)
}

func main() {
	for number := 1; number <= 15; number++ {
		fmt.Println(fizzbuzz(number))
	}
}
`;

const CODE: Record<string, { path: string; text: string }> = {
  python: { path: "fizzbuzz.py", text: PYTHON },
  typescript: { path: "fizzbuzz.ts", text: TYPESCRIPT },
  rust: { path: "fizzbuzz.rs", text: RUST },
  go: { path: "fizzbuzz.go", text: GO },
};

/** The files of such a room; the example waits for somebody to add what is missing. */
export function firstFiles(id: string): { path: string; text: string }[] {
  const code = CODE[id];
  return code ? [code, { path: "welcome.md", text: NOTES }] : [];
}
