import { type ReactNode, useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button as Press } from "react-aria-components";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Empty, Problem, Skeleton } from "../../components/States";
import {
  type FileFilter,
  type FileKind,
  type FileOrder,
  type FileView,
  useConversations,
  usePeople,
} from "../../data/client";
import { ALL_FILES, useFiles } from "../../data/files";
import { FileIcon } from "./FileIcon";
import { FileMenu } from "./FileMenu";
import { Facts } from "./FileRow";
import styles from "./Files.module.css";
import { Preview } from "./Preview";
import { Transfers } from "./Transfers";

const ALL = "all";
const KINDS: readonly FileKind[] = ["image", "video", "audio", "pdf", "other"];
const ORDERS: readonly FileOrder[] = ["newest", "oldest", "name", "largest"];
const PERIODS = [7, 30, 365] as const;
const DAY_MS = 86_400_000;

/** Every file that one may see, by kind, person, time, conversation and name. */
export function Files(): ReactNode {
  const { t } = useTranslation();
  const [filter, setFilter] = useState<FileFilter>(ALL_FILES);
  const [days, setDays] = useState<string>(ALL);
  const people = usePeople().data ?? [];
  const conversations = useConversations().data ?? [];
  const change = (part: Partial<FileFilter>): void => {
    setFilter((now) => ({ ...now, ...part }));
  };
  const any = { value: ALL, label: t("files.any") };
  const orNone = <T extends string>(value: T | typeof ALL): T | null => (value === ALL ? null : value);
  return (
    <section className={styles["view"]} aria-label={t("files.title")}>
      <header className={styles["head"]}>
        <h1 className={styles["title"]}>{t("files.title")}</h1>
        <input
          type="search"
          className={styles["search"]}
          data-testid="files-search"
          placeholder={t("files.search")}
          aria-label={t("files.search")}
          value={filter.name ?? ""}
          onChange={(event) => {
            change({ name: event.target.value || null });
          }}
        />
        <Choice
          label={t("files.kind.label")}
          testId="files-filter-kind"
          value={filter.kind ?? ALL}
          options={[any, ...KINDS.map((kind) => ({ value: kind, label: t(`files.kind.${kind}`) }))]}
          onChange={(value) => {
            change({ kind: orNone(value as FileKind | typeof ALL) });
          }}
        />
        <Choice
          label={t("files.person")}
          value={filter.from ?? ALL}
          options={[any, ...people.map(({ handle }) => ({ value: handle, label: handle }))]}
          onChange={(value) => {
            change({ from: orNone(value) });
          }}
        />
        <Choice
          label={t("files.conversation")}
          value={filter.conversation ?? ALL}
          options={[any, ...conversations.map(({ id, title }) => ({ value: id, label: title || t("list.untitled") }))]}
          onChange={(value) => {
            change({ conversation: orNone(value) });
          }}
        />
        <Choice
          label={t("files.period")}
          value={days}
          options={[any, ...PERIODS.map((count) => ({ value: String(count), label: t("people.days", { count }) }))]}
          onChange={(value) => {
            setDays(value);
            change({ after: value === ALL ? null : new Date(Date.now() - Number(value) * DAY_MS).toISOString() });
          }}
        />
        <Choice
          label={t("files.order.label")}
          value={filter.order}
          options={ORDERS.map((order) => ({ value: order, label: t(`files.order.${order}`) }))}
          onChange={(order) => {
            change({ order });
          }}
        />
      </header>
      <div className={styles["body"]}>
        <Transfers />
        <Gallery filter={useDeferredValue(filter)} />
      </div>
    </section>
  );
}

/** The files that a filter leaves, a window at a time. */
export function Gallery({ filter }: { filter: FileFilter }): ReactNode {
  const { t } = useTranslation();
  const files = useFiles(filter);
  const [shown, setShown] = useState<FileView | null>(null);
  if (files.isPending) return <Skeleton shape="rows" />;
  if (files.isError) return <Problem error={files.error} onRetry={() => void files.refetch()} />;
  if (files.data.length === 0) {
    const narrowed = Object.entries(filter).some(([key, value]) => key !== "order" && key !== "conversation" && value);
    return (
      <Empty
        title={t(narrowed ? "files.noHits" : "files.empty")}
        {...(narrowed ? {} : { lead: t("files.emptyLead") })}
      />
    );
  }
  return (
    <>
      <ul className={styles["grid"]}>
        {files.data.map((file) => (
          <Tile
            key={file.id}
            file={file}
            onOpen={() => {
              setShown(file);
            }}
          />
        ))}
      </ul>
      {files.hasNextPage ? (
        <div className={styles["more"]}>
          <Button isDisabled={files.isFetchingNextPage} onPress={() => void files.fetchNextPage()}>
            {t("files.more")}
          </Button>
        </div>
      ) : null}
      {shown ? (
        <Preview
          file={shown}
          onClose={() => {
            setShown(null);
          }}
        />
      ) : null}
    </>
  );
}

function Tile({ file, onOpen }: { file: FileView; onOpen: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <li className={styles["tile"]} data-testid="file-tile" data-file-id={file.id} data-state={file.state}>
      <Press
        className={styles["open"] ?? ""}
        aria-label={t("files.open", { name: file.name })}
        isDisabled={file.state !== "available"}
        onPress={onOpen}
      >
        {file.thumbnail ? (
          <img className={styles["cover"]} src={file.thumbnail} alt="" />
        ) : (
          <span className={styles["cover"]}>
            <FileIcon kind={file.kind} size="2rem" />
          </span>
        )}
      </Press>
      {file.state === "available" ? (
        <Facts file={file} />
      ) : (
        <span className={styles["facts"]}>
          <bdi className={styles["name"]}>{file.name}</bdi>
          <span className={styles["second"]}>{t(`files.state.${file.state}`)}</span>
        </span>
      )}
      <FileMenu file={file} onOpen={onOpen} />
    </li>
  );
}
