// What is tapped: buttons, links that look like them, and the one thing that a screen is for.
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { useMainButton, usePlatform } from "../platform/index.tsx";
import { useTexts } from "../texts/index.tsx";

interface ButtonProps {
  children: ReactNode;
  onPress?: () => void;
  kind?: "main" | "plain" | "quiet" | "bad" | "danger";
  isDisabled?: boolean | undefined;
  isBusy?: boolean | undefined;
  isWide?: boolean;
  type?: "button" | "submit";
}

export function Button({
  children,
  onPress,
  kind = "main",
  isDisabled,
  isBusy,
  isWide,
  type = "button",
}: ButtonProps) {
  return (
    <button
      type={type}
      className={isWide ? "button wide" : "button"}
      data-kind={kind}
      disabled={isDisabled === true || isBusy === true}
      aria-busy={isBusy === true}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

export function LinkButton({
  to,
  kind = "main",
  children,
}: {
  to: string;
  kind?: "main" | "plain" | "quiet";
  children: ReactNode;
}) {
  return (
    <Link href={to} className="button" data-kind={kind}>
      {children}
    </Link>
  );
}

interface SureButtonProps {
  children: ReactNode;
  /** What happens, and the words for yes. */
  question: ReactNode;
  yes: string;
  isBusy?: boolean;
  onYes: () => void;
}

/** Does what cannot be undone, after a second tap in the same place. */
export function SureButton({ children, question, yes, isBusy = false, onYes }: SureButtonProps) {
  const { t } = useTexts();
  const [isAsking, setIsAsking] = useState(false);
  if (!isAsking) {
    return (
      <Button kind="bad" isBusy={isBusy} onPress={() => setIsAsking(true)}>
        {children}
      </Button>
    );
  }
  return (
    <div className="sure">
      <p role="alert">{question}</p>
      <div className="row answers">
        <Button kind="plain" onPress={() => setIsAsking(false)}>
          {t.keep}
        </Button>
        <Button kind="danger" isBusy={isBusy} onPress={onYes}>
          {yes}
        </Button>
      </div>
    </div>
  );
}

interface MainActionProps {
  text: string;
  onPress: () => void;
  isEnabled?: boolean;
  isBusy?: boolean;
}

/** What the screen is for: Telegram's main button there, a wide button in the flow of the page elsewhere. */
export function MainAction({ text, onPress, isEnabled = true, isBusy = false }: MainActionProps) {
  const platform = usePlatform();
  useMainButton(platform.drawsButtons ? { text, onPress, isEnabled, isBusy } : undefined);
  if (platform.drawsButtons) return null;
  return (
    <Button isWide isDisabled={!isEnabled} isBusy={isBusy} onPress={onPress}>
      {text}
    </Button>
  );
}
