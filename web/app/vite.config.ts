import { createHash } from "node:crypto";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// One setting takes Preact's compatibility layer instead of React: PEERPACK_WEB_PREACT=1 npm run build.
const preact = process.env.PEERPACK_WEB_PREACT
  ? { react: "preact/compat", "react-dom": "preact/compat", "react/jsx-runtime": "preact/jsx-runtime" }
  : {};

/** Lets a browser fetch the sentences of most readers beside the script, and not after it. */
const sentences: Plugin = {
  name: "sentences",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle }) => {
      const name = Object.keys(bundle ?? {}).find(file => /^assets\/ru-[^/]*\.js$/.test(file));
      return name
        ? [{ tag: "link", attrs: { rel: "modulepreload", href: `/${name}` }, injectTo: "head" }]
        : [];
    },
  },
};

/** What is too large to be kept on a device that may never look at it. */
const NOT_KEPT = /^assets\/(maplibre|countries)/;

/** Tells the service worker what this build consists of. */
const shell: Plugin = {
  name: "shell",
  enforce: "post",
  generateBundle: {
    order: "post",
    handler: (_options, bundle) => {
      const names = Object.keys(bundle).filter(name => name.startsWith("assets/") && !NOT_KEPT.test(name));
      const [worker, page] = [bundle["sw.js"], bundle["index.html"]];
      if (worker?.type !== "chunk" || page?.type !== "asset") throw new Error("there is a worker and a page");
      const html = String(page.source);
      const version = createHash("sha256")
        .update(html)
        .update(names.sort().join())
        .digest("hex")
        .slice(0, 12);
      const files = [...names.map(name => `/${name}`), "/icon.svg"];
      const entry = names.find(name => /^assets\/index-.*\.js$/.test(name) && html.includes(name));
      worker.code = worker.code.replace("__SHELL__", JSON.stringify({ version, entry, files }));
    },
  },
};

export default defineConfig({
  plugins: [react(), sentences, shell],
  resolve: { alias: preact },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    // A policy without inline code or data addresses holds for everything that is built.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The map that can be moved is the only large part, and comes when somebody asks for it.
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: {
      // How long its plugins take on a machine that does something else is no fault of the build.
      checks: { pluginTimings: false },
      input: { index: "index.html", sw: "src/worker/sw.ts" },
      output: {
        // A worker is the newer one by its content; its address stays.
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8080",
      "/dev": "http://127.0.0.1:8080",
      "/ws": { target: "ws://127.0.0.1:8080", ws: true },
    },
  },
});
