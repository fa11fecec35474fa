import { Minus, Plus, X } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Bar, Problem } from "../../components/States";
import type { FileView, PreviewView } from "../../data/client";
import { usePreview } from "../../data/files";
import { FileIcon } from "./FileIcon";
import { Facts } from "./FileRow";
import { Picture } from "./Picture";
import styles from "./Preview.module.css";

const PdfPages = lazy(async () => ({ default: (await import("./PdfPages")).PdfPages }));

/** A file over the work. It is decrypted range by range, and nothing of it is written to the disk. */
export function Preview({ file, onClose }: { file: FileView; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const [zoom, setZoom] = useState(1);
  const { shown, again } = usePreview(file.id);
  const view = shown.state === "shown" ? shown.view : null;
  const by = (factor: number): void => {
    setZoom((now) => Math.min(8, Math.max(0.25, now * factor)));
  };
  const zooms = view?.kind === "image" || view?.kind === "pdf";
  return (
    <ModalOverlay
      isOpen
      isDismissable
      className={styles["scrim"] ?? ""}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={styles["modal"] ?? ""}>
        <Dialog className={styles["preview"] ?? ""} data-testid="preview">
          <header className={styles["bar"]}>
            <FileIcon kind={file.kind} size="1.25rem" />
            <Heading slot="title" className={styles["title"] ?? ""}>
              <Facts file={file} />
            </Heading>
            {zooms ? (
              <>
                <Button
                  kind="icon"
                  aria-label={t("files.zoomOut")}
                  onPress={() => {
                    by(0.8);
                  }}
                >
                  <Minus size="1.125rem" aria-hidden />
                </Button>
                <Button
                  kind="icon"
                  aria-label={t("files.zoomIn")}
                  onPress={() => {
                    by(1.25);
                  }}
                >
                  <Plus size="1.125rem" aria-hidden />
                </Button>
              </>
            ) : null}
            <Button kind="icon" testId="preview-close" aria-label={t("app.close")} onPress={onClose}>
              <X size="1.125rem" aria-hidden />
            </Button>
          </header>
          {view?.scaled ? <p className={styles["note"]}>{t("files.scaled")}</p> : null}
          <div className={styles["stage"]}>
            {shown.state === "loading" ? <Bar width="12rem" tall /> : null}
            <Problem error={shown.state === "failed" ? shown.problem : null} onRetry={again} />
            {view ? <Shown file={file} preview={view} zoom={zoom} onZoom={setZoom} /> : null}
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ShownProps {
  file: FileView;
  preview: PreviewView;
  zoom: number;
  onZoom: (zoom: number) => void;
}

function Shown({ file, preview, zoom, onZoom }: ShownProps): ReactNode {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false);
  const fail = (): void => {
    setFailed(true);
  };
  if (!preview.url || failed)
    return <p className={styles["note"]}>{t(failed ? "files.notShown" : "files.noPreview")}</p>;
  switch (preview.kind) {
    case "image":
      return <Picture url={preview.url} name={file.name} zoom={zoom} onZoom={onZoom} onError={fail} />;
    case "pdf":
      return (
        <Suspense fallback={<Bar width="12rem" tall />}>
          <PdfPages url={preview.url} zoom={zoom} onError={fail} />
        </Suspense>
      );
    case "video":
      return (
        <video className={styles["video"]} data-testid="preview-video" src={preview.url} controls onError={fail} />
      );
    case "audio":
      return <audio data-testid="preview-audio" src={preview.url} controls onError={fail} />;
    default:
      return <p className={styles["note"]}>{t("files.noPreview")}</p>;
  }
}
