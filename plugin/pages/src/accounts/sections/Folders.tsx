import App from "antd/es/app";
import Button from "antd/es/button";
import Checkbox from "antd/es/checkbox";
import Input from "antd/es/input";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChangeAccount, useFolders, type Account, type Folder } from "../../api/accounts.ts";
import { useProblemLine } from "../../shared/problem.ts";
import { Failure, Loading } from "../../shared/states.tsx";
import { useFormat } from "../../shared/time.ts";
import { useUnsaved } from "../../shared/useUnsaved.ts";
import { companyOf } from "../Provider.tsx";
import { matching, treeOf, type Node } from "../folders.ts";

/** From here on, a field for the name helps more than scrolling. */
const MANY = 15;

/** Which folders are synchronised. */
export function Folders({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const { modal, message } = App.useApp();
  const line = useProblemLine();
  const folders = useFolders(account.id);
  const change = useChangeAccount(account.id);
  const [chosen, setChosen] = useState<ReadonlySet<string>>();
  const [words, setWords] = useState("");
  const tree = useMemo(() => treeOf(folders.data ?? [], account.provider), [folders.data, account.provider]);
  const saved = useMemo(() => new Set(account.left_out), [account.left_out]);
  const out = chosen ?? saved;
  const leaving = [...out].filter((id) => !saved.has(id));
  const changed = leaving.length > 0 || [...saved].some((id) => !out.has(id));
  useUnsaved(changed);

  const toggle = (id: string, kept: boolean) => {
    const next = new Set(out);
    if (kept) next.delete(id);
    else next.add(id);
    setChosen(next);
  };
  const store = () =>
    change.mutateAsync({ left_out: [...out] }).then(
      () => {
        setChosen(undefined);
        void message.success(t("saved", { ns: "common" }));
      },
      (error: unknown) => void message.error(line(error)),
    );
  const save = () => {
    if (leaving.length === 0) return void store();
    modal.confirm({
      title: t("folders.confirm", { count: leaving.length }),
      content: t("folders.confirmText", { company: companyOf(account.provider) }),
      okText: t("save", { ns: "common" }),
      cancelText: t("cancel", { ns: "common" }),
      onOk: store,
    });
  };

  return (
    <section className="em-card" aria-labelledby="em-folders">
      <h2 id="em-folders">{t("folders.title")}</h2>
      <p className="em-hint">{t("folders.hint")}</p>
      {folders.data === undefined ? (
        folders.isError ? (
          <Failure error={folders.error} onRetry={() => void folders.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : tree.length === 0 ? (
        <p>{t("folders.none")}</p>
      ) : (
        <>
          {folders.data.length > MANY ? (
            <Input.Search allowClear placeholder={t("folders.search")} aria-label={t("folders.search")} value={words} onChange={(event) => setWords(event.target.value)} />
          ) : null}
          <Tree nodes={matching(tree, words)} out={out} provider={companyOf(account.provider)} disabled={change.isPending} onToggle={toggle} />
          {matching(tree, words).length === 0 ? <p className="em-hint">{t("folders.notFound")}</p> : null}
          <div className="em-actions em-sticky-actions">
            <Button type="primary" disabled={!changed} loading={change.isPending} onClick={save}>
              {t("save", { ns: "common" })}
            </Button>
            {changed ? <Button onClick={() => setChosen(undefined)}>{t("discard", { ns: "common" })}</Button> : null}
          </div>
        </>
      )}
    </section>
  );
}

interface TreeProps {
  nodes: Node[];
  out: ReadonlySet<string>;
  /** Its name for people. */
  provider: string;
  disabled: boolean;
  onToggle: (id: string, kept: boolean) => void;
}

function Tree({ nodes, out, provider, disabled, onToggle }: TreeProps) {
  const { t } = useTranslation("accounts");
  const format = useFormat();
  if (nodes.length === 0) return null;
  const counts = (folder: Folder, left: boolean) => {
    const here = left ? t("folders.out") : t("folders.here", { count: folder.total, number: format.count(folder.total) });
    return folder.provider_total == null ? here : `${here} · ${t("folders.there", { company: provider, count: folder.provider_total, number: format.count(folder.provider_total) })}`;
  };
  return (
    <ul className="em-tree">
      {nodes.map(({ folder, fixed, children }) => (
        <li key={folder.id}>
          <Checkbox checked={fixed || !out.has(folder.id)} disabled={disabled || fixed} onChange={(event) => onToggle(folder.id, event.target.checked)}>
            {folder.role === "folder" || folder.role === "label" ? folder.name : t(`role.${folder.role as "inbox"}`)}
            <span className="em-tree-note">{[fixed ? t("folders.always") : "", counts(folder, out.has(folder.id))].filter(Boolean).join(" · ")}</span>
          </Checkbox>
          <Tree nodes={children} out={out} provider={provider} disabled={disabled} onToggle={onToggle} />
        </li>
      ))}
    </ul>
  );
}
