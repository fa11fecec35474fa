import { defineConfig } from "vite";

// The page which a client opens by a link. The relay carries these files inside itself and serves them below /call/, so that their names
// stay the same from one build to the next.
export default defineConfig({
  root: "ui/guest",
  base: "/call/",
  publicDir: false,
  build: {
    outDir: "../dist-guest",
    emptyOutDir: true,
    target: "es2022",
    // The page's policy loads nothing that is written into it.
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      output: {
        entryFileNames: "assets/guest.js",
        assetFileNames: ({ names: [name = ""] }) =>
          name.endsWith(".css") ? "assets/guest.css" : "assets/[name][extname]",
        codeSplitting: false,
      },
    },
  },
  worker: {
    format: "es",
    rollupOptions: { output: { entryFileNames: "assets/worker.js", codeSplitting: false } },
  },
});
