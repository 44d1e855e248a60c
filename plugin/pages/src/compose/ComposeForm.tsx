/** Where a message is written. */
import App from "antd/es/app";
import Button from "antd/es/button";
import Dropdown from "antd/es/dropdown";
import Tooltip from "antd/es/tooltip";
import { useCallback, useEffect, useRef, useState, type DragEvent, type FocusEvent, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";
import { RichEditor, type EditorHandle, type EditorImage } from "../editor/index.tsx";
import { ClipIcon, CloseIcon, DownIcon, TrashIcon } from "../mailbox/icons.tsx";
import { useNotices } from "../mailbox/session.tsx";
import type { Account } from "../mailbox/types.ts";
import { useProblemLine } from "../shared/problem.ts";
import { useFormat } from "../shared/time.ts";
import { isBlank, withSignature, type Content, type Enclosure } from "./content.ts";
import { DraftState } from "./DraftState.tsx";
import { Enclosures } from "./Enclosures.tsx";
import { ownPart, speaksOfAttachment } from "./forgotten.ts";
import { FromField } from "./FromField.tsx";
import { FullIcon, MinimiseIcon } from "./icons.tsx";
import { Quoted } from "./Quoted.tsx";
import { RecipientField, type RecipientHandle } from "./RecipientField.tsx";
import { plausible } from "./recipients.ts";
import { SendLater } from "./SendLater.tsx";
import { useCompose, type Window } from "./store.ts";
import { uploadAddress } from "./upload.ts";
import { useDraft } from "./useDraft.ts";
import { useFiles } from "./useFiles.ts";
import { rememberFrom, signatureOf, type Begun } from "./useSeed.ts";
import { useSend } from "./useSend.ts";

interface Props {
  window: Window;
  shown: boolean;
  full: boolean;
  onFull: (() => void) | undefined;
  onMinimise: () => void;
  begun: Begun;
  accounts: readonly Account[];
  onClose: () => void;
}

export function ComposeForm({ window: own, shown, full, onFull, onMinimise, begun, accounts, onClose }: Props) {
  const { t } = useTranslation("compose");
  const { modal } = App.useApp();
  const { user } = usePage();
  const compose = useCompose();
  const notices = useNotices();
  const line = useProblemLine();
  const format = useFormat();
  const [content, setContent] = useState(begun.content);
  const [copies, setCopies] = useState({ cc: begun.content.cc.length > 0, bcc: begun.content.bcc.length > 0 });
  const [invalid, setInvalid] = useState<string | undefined>(undefined);
  const [dragging, setDragging] = useState(false);
  const [later, setLater] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const to = useRef<RecipientHandle>(null);
  const cc = useRef<RecipientHandle>(null);
  const bcc = useRef<RecipientHandle>(null);
  const picker = useRef<HTMLInputElement>(null);
  const current = useRef(content);
  current.current = content;

  const draft = useDraft(own, begun, current);
  const change = useCallback(
    (part: Partial<Content> | ((was: Content) => Content)) => {
      const next = typeof part === "function" ? part(current.current) : { ...current.current, ...part };
      current.current = next;
      setContent(next);
      draft.changed(next);
    },
    [draft],
  );
  useEffect(() => compose.rename(own.key, content.subject), [compose, own.key, content.subject]);

  const account = accounts.find((each) => each.id === content.account);
  const limit = account?.attachments_limit;
  const setFiles = useCallback((update: (files: Enclosure[]) => Enclosure[]) => change((was) => ({ ...was, files: update(was.files) })), [change]);
  const files = useFiles(setFiles);
  const takesOver = limit !== undefined && content.files.reduce((sum, file) => sum + (file.size ?? 0), 0) > limit;

  const { send, sending, error, clearError } = useSend({
    saver: draft.saver,
    onSent() {
      rememberFrom(content.account);
      onClose();
    },
  });

  const addImage = async (file: File): Promise<EditorImage | undefined> => {
    const contentId = `${crypto.randomUUID()}@mail`;
    try {
      const upload = await files.add(file, contentId);
      // Not from memory: the address outlives a reload of the page.
      return upload === undefined ? undefined : { src: uploadAddress(upload), alt: file.name, cid: contentId };
    } catch (error) {
      notices.show({ tone: "problem", text: t("notUploaded", { name: file.name, reason: line(error) }) });
      return undefined;
    }
  };
  const addFiles = (list: readonly File[]) => {
    for (const file of list) void files.add(file).catch(() => {
      // The file's own row says what went wrong.
    });
  };

  const ready = async (): Promise<Content | undefined> => {
    const now: Content = { ...current.current, to: [...(to.current?.commit() ?? content.to)], cc: [...(cc.current?.commit() ?? content.cc)], bcc: [...(bcc.current?.commit() ?? content.bcc)] };
    current.current = now;
    const everybody = [...now.to, ...now.cc, ...now.bcc];
    const wrong = everybody.find((address) => !plausible(address.email));
    if (everybody.length === 0 || wrong !== undefined) {
      setInvalid(wrong === undefined ? t("noRecipients") : t("wrongAddress", { address: wrong.email }));
      to.current?.focus();
      return undefined;
    }
    setInvalid(undefined);
    if (now.files.some((file) => file.state.kind === "failed")) {
      if (!(await modal.confirm({ title: t("failedFiles"), okText: t("sendWithout"), cancelText: t("keepWriting") }))) return undefined;
    }
    const text = editor.current?.text() ?? "";
    if (!now.files.some((file) => file.contentId === undefined) && speaksOfAttachment(ownPart(text), now.relation === undefined ? now.subject : "")) {
      if (!(await modal.confirm({ title: t("forgotten"), content: t("forgottenText"), okText: t("sendAnyway"), cancelText: t("keepWriting") }))) return undefined;
    } else if (now.subject.trim() === "") {
      if (!(await modal.confirm({ title: t("noSubject"), okText: t("sendAnyway"), cancelText: t("keepWriting") }))) return undefined;
    }
    await files.settled();
    return { ...current.current, files: current.current.files.filter((file) => file.state.kind === "there") };
  };
  const sendNow = async (at?: number) => {
    if (sending) return;
    const now = await ready();
    if (now !== undefined) await send(now, at);
  };

  const close = async () => {
    if (isBlank(content, begun.content) && begun.saved === undefined) await draft.discard();
    else await draft.flush();
    onClose();
  };
  const discard = async () => {
    if (!isBlank(content, begun.content) && !(await modal.confirm({ title: t("discardTitle"), content: t("discardText"), okText: t("discard"), okButtonProps: { danger: true }, cancelText: t("keepWriting") }))) return;
    await draft.discard();
    onClose();
  };
  const setFrom = (next: Account, sender: string | undefined) => {
    const before = signatureOf(account);
    const after = signatureOf(next);
    const { sender: _, ...rest } = current.current;
    let html = rest.html;
    // The signature is the account's: it goes with it, unless it was changed.
    if (next.id !== rest.account && before !== after) {
      const mark = withSignature("", before);
      if (mark === "" ? html === "" : html.endsWith(before ?? "")) {
        html = before === undefined || before === "" ? withSignature(html, after) : `${html.slice(0, html.length - before.length)}${after ?? ""}`;
        editor.current?.replace(html);
      }
    }
    change({ ...rest, html, account: next.id, ...(sender === undefined ? {} : { sender }) });
    rememberFrom(next.id);
  };
  // A click into the empty room below the signature means to write above it.
  const entered = useRef(false);
  const begin = (event: FocusEvent) => {
    if (entered.current || !event.target.closest(".ProseMirror")) return;
    entered.current = true;
    if (current.current.html === begun.content.html && signatureOf(account) !== undefined) requestAnimationFrame(() => editor.current?.focus("start"));
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void sendNow();
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      onMinimise();
    }
  };
  const dropped = (event: DragEvent) => {
    setDragging(false);
    if (event.defaultPrevented || event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    addFiles([...event.dataTransfer.files]);
  };
  const title = content.subject.trim() === "" ? t(content.relation === undefined ? "newMessage" : content.relation.relation === "forward" ? "forwardTitle" : "replyTitle") : content.subject;
  const answers = content.relation !== undefined && content.relation.relation !== "forward";
  const uploading = content.files.filter((file) => file.state.kind === "uploading").length;
  return (
    <div
      className="compose-form"
      onKeyDown={pressed}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setDragging(true);
      }}
      onDragLeave={(event) => event.currentTarget === event.target && setDragging(false)}
      onDrop={dropped}
      data-dragging={dragging || undefined}
    >
      <header className="compose-head">
        <span className="compose-title" dir="auto" title={title}>
          {title}
        </span>
        <DraftState state={draft.state} onRetry={() => void draft.flush()} />
        <Tooltip title={t("minimise")}>
          <Button type="text" size="small" aria-label={t("minimise")} icon={<MinimiseIcon />} onClick={onMinimise} />
        </Tooltip>
        {onFull === undefined ? null : (
          <Tooltip title={t(full ? "asPanel" : "asPage")}>
            <Button type="text" size="small" aria-label={t(full ? "asPanel" : "asPage")} icon={<FullIcon full={full} />} onClick={onFull} />
          </Tooltip>
        )}
        <Tooltip title={t("saveAndClose")}>
          <Button type="text" size="small" aria-label={t("saveAndClose")} icon={<CloseIcon />} onClick={() => void close()} />
        </Tooltip>
      </header>
      {draft.state.kind === "conflict" ? (
        <div className="compose-note" role="alert">
          <span>{t("conflict")}</span>
          <Button size="small" onClick={() => void draft.keepMine()}>
            {t("keepMine")}
          </Button>
          <Button
            size="small"
            onClick={() =>
              void draft.takeTheirs().then((theirs) => {
                if (theirs === undefined) return;
                current.current = theirs;
                setContent(theirs);
                editor.current?.replace(theirs.html);
              })
            }
          >
            {t("takeTheirs")}
          </Button>
        </div>
      ) : null}
      <div className="compose-fields">
        <FromField accounts={accounts} content={content} onChange={setFrom} own={user.name} />
        <RecipientField ref={to} label={t("to")} value={content.to} onChange={(list) => change({ to: list })} autoFocus={shown && !answers} invalid={invalid}>
          <span className="compose-copies">
            {copies.cc ? null : (
              <button type="button" onClick={() => setCopies({ ...copies, cc: true })}>
                {t("cc")}
              </button>
            )}
            {copies.bcc ? null : (
              <button type="button" onClick={() => setCopies({ ...copies, bcc: true })}>
                {t("bcc")}
              </button>
            )}
          </span>
        </RecipientField>
        {copies.cc ? <RecipientField ref={cc} label={t("cc")} value={content.cc} onChange={(list) => change({ cc: list })} autoFocus={begun.content.cc.length === 0} /> : null}
        {copies.bcc ? <RecipientField ref={bcc} label={t("bcc")} value={content.bcc} onChange={(list) => change({ bcc: list })} autoFocus={begun.content.bcc.length === 0} /> : null}
        <div className="compose-field">
          <input
            type="text"
            className="compose-subject"
            dir="auto"
            aria-label={t("subject")}
            placeholder={t("subject")}
            value={content.subject}
            maxLength={990}
            onChange={(event) => change({ subject: event.target.value })}
          />
        </div>
      </div>
      <div className="compose-text" onFocus={begin}>
        <RichEditor
          ref={editor}
          content={begun.content.html}
          label={t("text")}
          placeholder={t("textHint")}
          plain
          autoFocus={answers ? "start" : false}
          onChange={(html) => change({ html })}
          onImage={addImage}
          onFiles={addFiles}
        />
      </div>
      <Quoted html={content.quoted} onRemove={() => change(({ quoted: _, ...rest }) => rest)} />
      <Enclosures files={content.files} onRemove={files.remove} limit={limit} over={takesOver} />
      {error === undefined ? null : (
        <div className="compose-note" data-tone="problem" role="alert">
          <span>{t("notSent", { reason: line(error) })}</span>
          <Button size="small" type="text" aria-label={t("closeNote")} icon={<CloseIcon />} onClick={clearError} />
        </div>
      )}
      <footer className="compose-foot">
        <span className="compose-send">
          <Button type="primary" loading={sending} disabled={takesOver} onClick={() => void sendNow()}>
            {uploading > 0 ? t("sendAfterUpload") : t("send")}
          </Button>
          <Dropdown trigger={["click"]} placement="topLeft" menu={{ items: [{ key: "later", label: t("sendLater"), onClick: () => setLater(true) }] }}>
            <Button type="primary" aria-label={t("moreSend")} icon={<DownIcon />} disabled={sending || takesOver} />
          </Dropdown>
        </span>
        <Tooltip title={limit === undefined ? t("attach") : t("attachLimit", { limit: format.size(limit) })}>
          <Button type="text" aria-label={t("attach")} icon={<ClipIcon />} onClick={() => picker.current?.click()} />
        </Tooltip>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            addFiles([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        <span className="mail-row-space" />
        <Tooltip title={t("discard")}>
          <Button type="text" aria-label={t("discard")} icon={<TrashIcon />} onClick={() => void discard()} />
        </Tooltip>
      </footer>
      {dragging ? <div className="compose-drop">{t("dropHere")}</div> : null}
      <SendLater open={later} onClose={() => setLater(false)} onPick={(at) => void sendNow(at)} />
    </div>
  );
}
