import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: "ui",
  plugins: [react()],
  server: { port: 1420, strictPort: true },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // The fonts are files of their own: the page may load nothing that is written into it.
    assetsInlineLimit: 0,
  },
  test: {
    environment: "jsdom",
    include: ["{src,guest}/**/*.test.{ts,tsx}"],
    setupFiles: ["testSetup.ts"],
    testTimeout: 60_000,
  },
});
