import { defineConfig } from "vite";

/** What changes together stays together, and whoever comes back keeps the rest. */
const groups = [
  { name: "editor", test: /node_modules\/(@codemirror\/(state|view|language|commands|autocomplete|search)|@lezer\/(common|highlight|lr)|style-mod|w3c-keyname|crelt|@marijn)\// },
  { name: "yjs", test: /node_modules\/(yjs|lib0|y-protocols|y-codemirror\.next)\// },
  { name: "grpc", test: /node_modules\/(@bufbuild|@connectrpc)\// },
];

/** A language's chunk is called by its package. */
function named({ name, moduleIds }: { name: string; moduleIds: string[] }): string {
  const found = /node_modules\/(?:@[^/]+\/)?([^/]+)\//.exec(moduleIds.at(-1) ?? "");
  return `assets/${found && name === "dist" ? found[1] : name}-[hash].js`;
}

// What stands in `web/dist` is committed and served by the server as it is: every name but the page's has its content's
// hash, and the page's scripts and styles carry a number that the server puts in.
export default defineConfig({
  html: { cspNonce: "__NONCE__" },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    // A policy without data: for anything but images, and one way for all files.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { chunkFileNames: named, codeSplitting: { groups } } },
  },
  worker: { format: "es" },
  resolve: { dedupe: ["yjs", "y-protocols", "lib0"] },
  server: {
    // `npx vite` beside a running server, to work on the page.
    proxy: { "^/tandem\\.v1\\.": "http://127.0.0.1:50051" },
  },
});
