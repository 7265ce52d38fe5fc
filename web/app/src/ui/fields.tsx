// What a person fills in. Every field has its label, its error, and a size that a thumb meets.
import { type ReactNode, useId } from "react";

interface FieldProps {
  label: string;
  error?: string | undefined;
  hint?: string | undefined;
  children: (props: {
    id: string;
    "aria-invalid": boolean;
    "aria-describedby": string | undefined;
  }) => ReactNode;
}

export function Field({ label, error, hint, children }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        "aria-invalid": error !== undefined,
        "aria-describedby": note ? `${id}-note` : undefined,
      })}
      {note && (
        <span id={`${id}-note`} className={error ? "error" : "dim small"}>
          {note}
        </span>
      )}
    </div>
  );
}

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
  hint?: string | undefined;
  placeholder?: string;
  type?: "text" | "tel" | "date" | "time";
  inputMode?: "text" | "numeric" | "decimal" | "tel";
  autoComplete?: string;
  maxLength?: number;
  isLong?: boolean;
  min?: string;
}

export function TextField({
  label,
  value,
  onChange,
  error,
  hint,
  isLong,
  type = "text",
  ...rest
}: TextFieldProps) {
  return (
    <Field label={label} error={error} hint={hint}>
      {props =>
        isLong ? (
          <textarea
            {...props}
            className="input"
            value={value}
            maxLength={rest.maxLength}
            placeholder={rest.placeholder}
            onChange={event => onChange(event.target.value)}
          />
        ) : (
          <input
            {...props}
            {...rest}
            type={type}
            className="input"
            value={value}
            onChange={event => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}

interface Choice<T extends string> {
  value: T;
  title: string;
  detail?: string | undefined;
  icon?: ReactNode;
}

interface ChoicesProps<T extends string> {
  label: string;
  value: T | undefined;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
  isList?: boolean;
}

/** One of a few, by picture or by sentence. */
export function Choices<T extends string>({ label, value, choices, onChange, isList }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend>{label}</legend>
      <div className={isList ? "choices list" : "choices"}>
        {choices.map(choice => (
          <label key={choice.value} className="choice">
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={value === choice.value}
              onChange={() => onChange(choice.value)}
            />
            {choice.icon}
            <span className="strong small">{choice.title}</span>
            {choice.detail && <span className="dim small">{choice.detail}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface SelectProps<T extends string> {
  label: string;
  value: T;
  choices: readonly (readonly [value: T, title: string])[];
  onChange: (value: T) => void;
}

/** One of several in little room; the first choice says what it is about. */
export function Select<T extends string>({ label, value, choices, onChange }: SelectProps<T>) {
  return (
    <select
      className="select"
      aria-label={label}
      value={value}
      onChange={event => onChange(event.target.value as T)}
    >
      {choices.map(([one, title]) => (
        <option key={one} value={one}>
          {title}
        </option>
      ))}
    </select>
  );
}

interface CheckProps {
  label: string;
  hint?: string;
  value: boolean;
  onChange: (value: boolean) => void;
}

export function Check({ label, hint, value, onChange }: CheckProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={value} onChange={event => onChange(event.target.checked)} />
      <span className="stack tight">
        <span>{label}</span>
        {hint && <span className="dim small">{hint}</span>}
      </span>
    </label>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  segments: readonly { value: T; title: string }[];
  onChange: (value: T) => void;
}

/** A switch between views of one screen. */
export function Segments<T extends string>({ label, value, segments, onChange }: SegmentsProps<T>) {
  return (
    <fieldset className="segments" aria-label={label}>
      {segments.map(segment => (
        <button
          key={segment.value}
          type="button"
          aria-pressed={segment.value === value}
          onClick={() => onChange(segment.value)}
        >
          {segment.title}
        </button>
      ))}
    </fieldset>
  );
}

/** One to five stars. */
export function Rating({
  label,
  value,
  onChange,
}: {
  label: string;
  value: number;
  onChange: (value: number) => void;
}) {
  return (
    <div className="stars" role="radiogroup" aria-label={label}>
      {[1, 2, 3, 4, 5].map(star => (
        // biome-ignore lint/a11y/useSemanticElements: five radio inputs would draw five dots
        <button
          key={star}
          type="button"
          role="radio"
          aria-checked={star <= value}
          aria-label={String(star)}
          onClick={() => onChange(star)}
        >
          ★
        </button>
      ))}
    </div>
  );
}
