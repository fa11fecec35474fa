import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./Preview.module.css";

interface Props {
  url: string;
  name: string;
  zoom: number;
  onZoom: (zoom: number) => void;
  onError: () => void;
}

const STEP = 60;

/** A picture that is moved by pointer or arrows, and made larger by the wheel or + and −; 0 fits it again. */
export function Picture({ url, name, zoom, onZoom, onError }: Props): ReactNode {
  const { t } = useTranslation();
  const [at, setAt] = useState({ x: 0, y: 0 });
  const held = useRef<{ x: number; y: number } | null>(null);
  const move = (x: number, y: number): void => {
    setAt((now) => ({ x: now.x + x, y: now.y + y }));
  };
  const fit = (): void => {
    onZoom(1);
    setAt({ x: 0, y: 0 });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const keys: Record<string, () => void> = {
      "+": () => {
        onZoom(Math.min(8, zoom * 1.25));
      },
      "-": () => {
        onZoom(Math.max(0.25, zoom * 0.8));
      },
      "0": fit,
      ArrowLeft: () => {
        move(STEP, 0);
      },
      ArrowRight: () => {
        move(-STEP, 0);
      },
      ArrowUp: () => {
        move(0, STEP);
      },
      ArrowDown: () => {
        move(0, -STEP);
      },
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!held.current) return;
    move(event.clientX - held.current.x, event.clientY - held.current.y);
    held.current = { x: event.clientX, y: event.clientY };
  };
  return (
    <div
      className={styles["picture"]}
      role="group"
      aria-label={t("files.pictureHelp", { name })}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onDoubleClick={fit}
      onWheel={(event) => {
        onZoom(Math.min(8, Math.max(0.25, zoom * (event.deltaY < 0 ? 1.1 : 0.9))));
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        held.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        held.current = null;
      }}
    >
      <img
        data-testid="preview-image"
        src={url}
        alt={name}
        draggable={false}
        style={{ transform: `translate(${String(at.x)}px, ${String(at.y)}px) scale(${String(zoom)})` }}
        onError={onError}
      />
    </div>
  );
}
