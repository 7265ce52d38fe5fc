// Whether the server is a demo, which it writes into the page.
export const isDemo = document.querySelector('meta[name="peerpack-demo"]')?.getAttribute("content") === "on";
