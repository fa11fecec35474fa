import { EyeOff } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button as Press } from "react-aria-components";
import type { FileView } from "../../data/client";
import { size } from "../../data/size";
import { date } from "../../data/time";
import { FileIcon } from "./FileIcon";
import { FileMenu } from "./FileMenu";
import styles from "./Files.module.css";
import { Preview } from "./Preview";

/** A file in the thread: what it looks like, or what it is; and what can be done with it. */
export function FileRow({ file }: { file: FileView }): ReactNode {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  const open = (): void => {
    setShown(true);
  };
  if (file.state !== "available") {
    return (
      <div
        className={[styles["row"], styles["gone"]].join(" ")}
        data-testid="file"
        data-file-id={file.id}
        data-state={file.state}
      >
        <FileIcon kind={file.kind} />
        <span className={styles["facts"]}>
          {file.name ? <bdi className={styles["name"]}>{file.name}</bdi> : null}
          <span className={styles["second"]}>{t(`files.state.${file.state}`)}</span>
        </span>
        {file.mine && file.name ? <FileMenu file={file} onOpen={open} /> : null}
      </div>
    );
  }
  return (
    <div
      className={[styles["row"], file.thumbnail ? styles["picture"] : ""].join(" ")}
      data-testid="file"
      data-file-id={file.id}
      data-state={file.state}
    >
      <Press
        className={styles["open"] ?? ""}
        aria-label={t("files.open", { name: file.name })}
        data-testid="file-preview"
        onPress={open}
      >
        {file.thumbnail ? (
          <img
            className={styles["thumbnail"]}
            data-testid="file-thumbnail"
            src={file.thumbnail}
            alt=""
            width={file.width ?? 4}
            height={file.height ?? 3}
          />
        ) : (
          <span className={styles["icon"]}>
            <FileIcon kind={file.kind} />
          </span>
        )}
      </Press>
      <Facts file={file} />
      <FileMenu file={file} onOpen={open} />
      {shown ? (
        <Preview
          file={file}
          onClose={() => {
            setShown(false);
          }}
        />
      ) : null}
    </div>
  );
}

/** Name, size and what holds for it. */
export function Facts({ file }: { file: FileView }): ReactNode {
  const { t, i18n } = useTranslation();
  const people = new Intl.ListFormat(i18n.language);
  const notes = [
    size(file.size_bytes, i18n.language),
    file.named ? t("files.onlyFor", { people: people.format(file.named) }) : null,
    file.expires_at ? t("files.until", { when: date(file.expires_at, i18n.language) }) : null,
    file.mine && file.saved_by.length > 0 ? t("files.savedBy", { people: people.format(file.saved_by) }) : null,
    file.mine && file.saved_by.length === 0 && file.seen_by.length > 0
      ? t("files.seenBy", { people: people.format(file.seen_by) })
      : null,
  ].filter((note) => note !== null);
  return (
    <span className={styles["facts"]}>
      <bdi className={styles["name"]} title={file.name}>
        {file.name}
      </bdi>
      <span className={styles["second"]}>
        {notes.join(" · ")}
        {file.view_only ? (
          <span className={styles["mark"]}>
            <EyeOff size="0.75rem" aria-hidden /> {t("files.viewOnly")}
          </span>
        ) : null}
      </span>
    </span>
  );
}
