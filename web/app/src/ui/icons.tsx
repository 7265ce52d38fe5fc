// The few signs of the app, drawn in the colour of the text around them.
import type { ReactNode } from "react";

function icon(children: ReactNode) {
  return () => (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const StartIcon = icon(<path d="M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z" />);
export const MineIcon = icon(<path d="M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8" />);
export const OffersIcon = icon(<path d="M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4" />);
export const WalletIcon = icon(
  <path d="M4 7h14a2 2 0 0 1 2 2v9a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM4 7l11-3v3M16 13h.01" />,
);
export const MeIcon = icon(<path d="M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c1-4 4-6 8-6s7 2 8 6" />);
export const BackIcon = icon(<path d="M15 5l-7 7 7 7" />);
export const SwapIcon = icon(<path d="M7 4v16M7 20l-3-3M7 20l3-3M17 20V4M17 4l-3 3M17 4l3 3" />);
export const BellIcon = OffersIcon;
export const PlusIcon = icon(<path d="M12 5v14M5 12h14" />);
export const CrossIcon = icon(<path d="M6 6l12 12M18 6L6 18" />);
export const CheckIcon = icon(<path d="M5 13l4 4L19 7" />);
export const MoveIcon = icon(<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />);
export const LetterIcon = icon(<path d="M3 6h18v12H3zM3 7l9 7 9-7" />);
export const BookIcon = icon(<path d="M5 4h12a2 2 0 0 1 2 2v14H7a2 2 0 0 1-2-2zM5 18a2 2 0 0 1 2-2h12" />);
export const BackpackIcon = icon(
  <path d="M6 10a6 6 0 0 1 12 0v9a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1zM9 4h6M9 14h6v6H9z" />,
);
export const SuitcaseIcon = icon(<path d="M4 8h16v12H4zM9 8V4h6v4M9 8v12M15 8v12" />);
export const PlaneIcon = icon(
  <path d="M10 13L3 10l1-2 8 2 5-5c1-1 3-1 3 0s0 2-1 3l-5 5 2 8-2 1-3-7-4 4v3l-1 1-2-4-4-2 1-1h3z" />,
);
export const TrainIcon = icon(
  <path d="M7 3h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM5 11h14M9 14h.01M15 14h.01M8 17l-2 4M16 17l2 4" />,
);
export const CarIcon = icon(
  <path d="M4 16v-4l2-6h12l2 6v4zM4 16v3h3v-3M17 16v3h3v-3M4 12h16M7.5 14h.01M16.5 14h.01" />,
);
export const BusIcon = icon(<path d="M5 4h14v14H5zM5 11h14M8 18v2M16 18v2M8 15h.01M16 15h.01" />);
export const FootIcon = icon(
  <path d="M13 6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM9 21l2-6 3 3v4M11 15l1-6 3 2 3 1M12 9l-3 1-1 3" />,
);
export const WayIcon = () => (
  <svg viewBox="0 0 96 64" fill="none" stroke="currentColor" strokeWidth="3" aria-hidden="true">
    <circle cx="16" cy="48" r="7" />
    <circle cx="80" cy="16" r="7" fill="currentColor" />
    <path d="M24 44c14-16 22 10 34-6s8-12 15-17" strokeLinecap="round" strokeDasharray="1 8" />
  </svg>
);
