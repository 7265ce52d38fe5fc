export * from "./basics.tsx";
export * from "./draft.ts";
export * from "./feedback.tsx";
export * from "./fields.tsx";
export * from "./icons.tsx";
export * from "./load.ts";
export * from "./place.tsx";
