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

export default defineConfig({
  plugins: [react(), sentences],
  resolve: { alias: preact },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    // A policy without inline code or data addresses holds for everything that is built.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8080",
      "/dev": "http://127.0.0.1:8080",
      "/ws": { target: "ws://127.0.0.1:8080", ws: true },
    },
  },
});
