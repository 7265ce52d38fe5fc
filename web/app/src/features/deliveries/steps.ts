// The steps of a deal, in order, and what a step needs to know.
export const STEPS = ["accepted", "picked_up", "delivered", "confirmed"] as const;

export interface StepProps {
  requestId: string;
  /** The state of the request. */
  state: string;
  /** Whether the parcel changes hands with codes only. */
  hasCodes: boolean;
}
