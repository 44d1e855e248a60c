import type { ComponentProps } from "react";

const STAR = "M12 17.3l-5.6 3.4 1.5-6.4-5-4.3 6.5-.6L12 3.4l2.6 6 6.5.6-5 4.3 1.5 6.4z";

interface Props extends ComponentProps<"button"> {
  on: boolean;
  /** What a click does. */
  label: string;
}

/** Lighter than the kit's button and icon, of which a screen of rows would draw dozens. */
export function StarButton({ on, label, ...rest }: Props) {
  return (
    <button type="button" className="mail-row-star" aria-pressed={on} aria-label={label} data-on={on || undefined} {...rest}>
      <svg viewBox="0 0 24 24" width="1.15em" height="1.15em" aria-hidden fill={on ? "currentColor" : "none"} stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round">
        <path d={STAR} />
      </svg>
    </button>
  );
}
