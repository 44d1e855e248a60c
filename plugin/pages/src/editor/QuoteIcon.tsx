/** The component kit's set has no quotation mark. */
export function QuoteIcon() {
  return (
    <span role="img" aria-hidden className="anticon">
      <svg viewBox="0 0 24 24" width="1em" height="1em" fill="currentColor">
        <path d="M5 17h4l2-5V6H4v7h3zm9 0h4l2-5V6h-7v7h3z" />
      </svg>
    </span>
  );
}
