import App from "antd/es/app";
import Button from "antd/es/button";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChangeAccount, type Account } from "../../api/accounts.ts";
import { RichEditor, type EditorHandle, type EditorImage } from "../../editor/index.tsx";
import { smallImage } from "../../editor/smallImage.ts";
import { useProblemLine } from "../../shared/problem.ts";
import { useUnsaved } from "../../shared/useUnsaved.ts";

/** The signature that new mail of the account begins with. */
export function Signature({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const { message } = App.useApp();
  const line = useProblemLine();
  const change = useChangeAccount(account.id);
  const editor = useRef<EditorHandle>(null);
  const [html, setHtml] = useState<string>();
  const changed = html !== undefined && html !== account.signature;
  useUnsaved(changed);

  const image = async (file: File): Promise<EditorImage | undefined> => {
    const made = await smallImage(file);
    if (made === undefined) void message.error(t("signature.image"));
    return made;
  };
  const save = () =>
    change.mutate(
      { signature: html ?? "" },
      {
        onSuccess: () => {
          setHtml(undefined);
          void message.success(t("saved", { ns: "common" }));
        },
      },
    );
  return (
    <section className="em-card" aria-labelledby="em-signature">
      <h2 id="em-signature">{t("signature.title")}</h2>
      <RichEditor
        ref={editor}
        content={account.signature}
        label={t("signature.title")}
        placeholder={t("signature.placeholder")}
        minHeight={140}
        maxHeight={360}
        onChange={setHtml}
        onImage={image}
      />
      {change.isError ? (
        <p className="em-error" role="alert">
          {line(change.error)}
        </p>
      ) : (
        <p className="em-hint">{t("signature.hint")}</p>
      )}
      <div className="em-actions">
        <Button type="primary" disabled={!changed} loading={change.isPending} onClick={save}>
          {t("save", { ns: "common" })}
        </Button>
        {changed ? (
          <Button
            onClick={() => {
              editor.current?.replace(account.signature);
              setHtml(undefined);
            }}
          >
            {t("discard", { ns: "common" })}
          </Button>
        ) : null}
      </div>
    </section>
  );
}
