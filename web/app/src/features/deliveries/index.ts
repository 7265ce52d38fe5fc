export { Deal } from "./Deal.tsx";
