import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Checkbox } from "../../components/Checkbox";
import { Choice } from "../../components/Choice";
import { about, type Attached, detach, readAgain, setOptions, useAttachments } from "../../data/attachments";
import { type MemberView, useHost } from "../../data/client";
import { size } from "../../data/size";
import { FileIcon } from "./FileIcon";
import styles from "./Files.module.css";

interface Props {
  conversation: string;
  members: MemberView[];
}

const DAYS = [1, 7, 30] as const;

/** What goes along with the next message, who gets it, and for how long. */
export function Attachments({ conversation, members }: Props): ReactNode {
  const { t } = useTranslation();
  const { files, options } = useAttachments(conversation);
  const others = members.filter((member) => !member.me);
  const change = (part: Partial<typeof options>): void => {
    setOptions(conversation, { ...options, ...part });
  };
  return (
    <>
      <ul className={styles["attachments"]} aria-label={t("files.attachments")}>
        {files.map((file) => (
          <Item key={file.key} conversation={conversation} file={file} />
        ))}
      </ul>
      <div className={styles["options"]}>
        {others.length > 1 ? (
          <Choice
            label={t("files.who")}
            testId="share-who"
            value={options.named?.[0] ?? "all"}
            options={[
              { value: "all", label: t("files.everyone") },
              ...others.map(({ handle }) => ({ value: handle, label: t("files.onlyFor", { people: handle }) })),
            ]}
            onChange={(value) => {
              change({ named: value === "all" ? null : [value] });
            }}
          />
        ) : null}
        <Choice
          label={t("files.ends")}
          testId="share-days"
          value={String(options.days ?? "never")}
          options={[
            { value: "never", label: t("files.never") },
            ...DAYS.map((count) => ({ value: String(count), label: t("people.days", { count }) })),
          ]}
          onChange={(value) => {
            change({ days: value === "never" ? null : Number(value) });
          }}
        />
        <Checkbox
          testId="share-view-only"
          handle=""
          isSelected={options.viewOnly}
          onChange={(viewOnly) => {
            change({ viewOnly });
          }}
        >
          <span title={t("files.viewOnlyLead")}>{t("files.viewOnly")}</span>
        </Checkbox>
      </div>
    </>
  );
}

/** A file that goes along: what it is, or why it can't. */
function Item({ conversation, file }: { conversation: string; file: Attached }): ReactNode {
  const { t, i18n } = useTranslation();
  const { commands } = useHost();
  const known = about(file);
  const { standing } = file;
  const problem = "problem" in standing ? standing.problem : null;
  return (
    <li className={styles["attachment"]} data-testid="attachment" data-state={standing.state}>
      {known?.thumbnail ? <img src={known.thumbnail} alt="" /> : <FileIcon kind="other" size="1.25rem" />}
      <span className={styles["facts"]}>
        <bdi className={styles["name"]}>{file.name}</bdi>
        {problem ? (
          <span className={styles["failed"]} role="alert">
            {problem.message} {problem.next_step}
          </span>
        ) : (
          <span className={styles["second"]}>{known ? size(known.size_bytes, i18n.language) : t("files.reading")}</span>
        )}
      </span>
      {standing.state === "unread" ? (
        <Button kind="quiet" onPress={() => void readAgain(commands, conversation, file)}>
          {t("app.retry")}
        </Button>
      ) : null}
      <Button
        kind="icon"
        testId="attachment-remove"
        aria-label={t("files.remove", { name: file.name })}
        isDisabled={standing.state === "sending"}
        onPress={() => {
          detach(commands, conversation, file);
        }}
      >
        <X size="0.875rem" aria-hidden />
      </Button>
    </li>
  );
}
