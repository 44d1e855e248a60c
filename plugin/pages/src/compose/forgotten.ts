/** Whether a text speaks of an attachment, so that sending without one is asked about. */

const WORDS = [
  // "attached", not "attach importance to" nor "detached".
  /\b(?:attached|attaching|attachments?|enclosed|enclosing)\b/iu,
  /(?<![\p{L}])(?:во?\s+вложени[еия]|прикрепл[её]н\p{L}*|прикрепляю|прилагаю|приложен[аоы]?|во\s+вложении|прикрепил[аи]?)(?![\p{L}])/iu,
  /附件|附上|随信附|见附|隨信附/u,
];

/** `own` is what the person wrote, without the quoted message: its attachments are not theirs to add. */
export function speaksOfAttachment(own: string, subject: string): boolean {
  return WORDS.some((word) => word.test(own) || word.test(subject));
}

/** The part of a draft's text before the quoted message. */
export function ownPart(text: string): string {
  const at = text.search(/^(?:>|-{5,}|On .+wrote:$)/mu);
  return at < 0 ? text : text.slice(0, at);
}
