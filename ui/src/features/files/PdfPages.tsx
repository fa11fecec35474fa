import { getDocument, GlobalWorkerOptions, type PDFDocumentProxy } from "pdfjs-dist";
import worker from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Bar } from "../../components/States";
import styles from "./Preview.module.css";

GlobalWorkerOptions.workerSrc = worker;

/** The pages of a PDF, each drawn when it comes into view. Nothing in it is run. */
export function PdfPages({ url, zoom, onError }: { url: string; zoom: number; onError: () => void }): ReactNode {
  const [pdf, setPdf] = useState<PDFDocumentProxy | null>(null);
  useEffect(() => {
    const task = getDocument({
      url,
      disableRange: true,
      disableStream: true,
      useWasm: false,
      enableXfa: false,
    });
    task.promise.then(setPdf, onError);
    return () => void task.destroy();
  }, [url, onError]);
  if (!pdf) return <Bar width="12rem" tall />;
  return (
    <div className={styles["pages"]} tabIndex={0}>
      {Array.from({ length: pdf.numPages }, (_, index) => (
        <Page key={index} pdf={pdf} number={index + 1} zoom={zoom} />
      ))}
    </div>
  );
}

/** Before a page was drawn it has the shape of A4. */
const SHAPE = { width: 595, height: 842 };

function Page({ pdf, number, zoom }: { pdf: PDFDocumentProxy; number: number; zoom: number }): ReactNode {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [seen, setSeen] = useState(false);
  const [shape, setShape] = useState(SHAPE);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
      },
      { rootMargin: "400px" },
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  useEffect(() => {
    if (!seen) return undefined;
    let stop = (): void => undefined;
    void pdf.getPage(number).then((page) => {
      const element = canvas.current;
      if (!element) return;
      const natural = page.getViewport({ scale: 1 });
      setShape({ width: natural.width, height: natural.height });
      const viewport = page.getViewport({ scale: zoom * Math.min(2, window.devicePixelRatio || 1) });
      element.width = viewport.width;
      element.height = viewport.height;
      const task = page.render({ canvas: element, viewport });
      stop = () => {
        task.cancel();
      };
      task.promise.then(
        () => (element.dataset["drawn"] = "true"),
        () => undefined,
      );
    });
    return () => {
      stop();
    };
  }, [seen, pdf, number, zoom]);
  return (
    <canvas
      ref={canvas}
      className={styles["page"]}
      data-testid="preview-pdf-page"
      role="img"
      aria-label={t("files.page", { number, count: pdf.numPages })}
      style={{ inlineSize: shape.width * zoom, aspectRatio: `${String(shape.width)} / ${String(shape.height)}` }}
    />
  );
}
