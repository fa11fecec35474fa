import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { AppError, FileFilter, FilePage, FileView, PreviewView, TransferView } from "../bindings/types";
import { keys, useCommand, useHost } from "./client";

const PAGE = 60;

/** Every file: nothing narrows. */
export const ALL_FILES: FileFilter = {
  conversation: null,
  kind: null,
  from: null,
  after: null,
  before: null,
  name: null,
  order: "newest",
};

/** The files that a filter lets through, a window after the other. */
export function useFiles(filter: FileFilter) {
  const { commands } = useHost();
  return useInfiniteQuery<FilePage, AppError, FileView[], readonly unknown[], number>({
    queryKey: [...keys.files, "list", filter],
    queryFn: ({ pageParam }) => commands.file_list({ request: { filter, skip: pageParam, limit: PAGE } }),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next,
    select: (data) => data.pages.flatMap((page) => page.files),
    placeholderData: keepPreviousData,
  });
}

export const useFileLog = (file: string) =>
  useCommand([...keys.files, "log", file], (commands) => commands.file_log({ file }));

export const useTransfers = () => useCommand(keys.transfers, (commands) => commands.transfer_list());

/** What is on its way in a conversation to the others. */
export function useUploads(conversation: string): TransferView[] {
  const all = useTransfers().data ?? [];
  return all.filter((each) => each.direction === "upload" && each.conversation === conversation);
}

/** A file that is being shown. */
export type Shown =
  { state: "loading" } | { state: "failed"; problem: AppError } | { state: "shown"; view: PreviewView };

/** Shows a file as long as whoever asks is there; then the core forgets the preview. */
export function usePreview(file: string): { shown: Shown; again: () => void } {
  const { commands } = useHost();
  const [shown, setShown] = useState<Shown>({ state: "loading" });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let left = false;
    let open: string | null = null;
    const close = (url: string | null): void => {
      if (url) commands.file_preview_close({ url }).catch(() => undefined);
    };
    commands.file_preview({ file }).then(
      (view) => {
        if (left) {
          close(view.url);
          return;
        }
        open = view.url;
        setShown({ state: "shown", view });
      },
      (problem: unknown) => {
        if (!left) setShown({ state: "failed", problem: problem as AppError });
      },
    );
    return () => {
      left = true;
      close(open);
    };
  }, [commands, file, attempt]);
  const again = useCallback(() => {
    setShown({ state: "loading" });
    setAttempt((before) => before + 1);
  }, []);
  return { shown, again };
}
