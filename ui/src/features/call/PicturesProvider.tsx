import { VideoOff } from "lucide-react";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useHost } from "../../data/client";
import { Pictures } from "../../data/pictures";
import styles from "./Picture.module.css";

const Context = createContext<Pictures | null>(null);

/** Where pictures are shown: the way to them is open as long as this stands. */
export function PicturesProvider({ children }: { children: ReactNode }): ReactNode {
  const host = useHost();
  const [pictures] = useState(() => new Pictures(host));
  useEffect(() => {
    pictures.open();
    return () => {
      pictures.close();
    };
  }, [pictures]);
  return <Context value={pictures}>{children}</Context>;
}

interface Props {
  /** None for one's own. */
  person: string | null;
  isScreen?: boolean;
  label: string;
  className?: string | undefined;
  testId?: string;
}

/** The pictures of one stream. */
export function Picture(props: Props): ReactNode {
  const pictures = useContext(Context);
  return pictures && <Shown pictures={pictures} {...props} />;
}

/** Where none can be shown, says so; `data-frames` counts how many were drawn. */
function Shown({
  pictures,
  person,
  isScreen = false,
  label,
  className,
  testId = "call-picture",
}: Props & { pictures: Pictures }): ReactNode {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const canShow = useSyncExternalStore(pictures.subscribe, pictures.canShow);
  useEffect(() => {
    if (!canvas.current || !canShow) return;
    return pictures.show({ person, isScreen }, canvas.current);
  }, [pictures, canShow, person, isScreen]);
  if (!canShow) {
    return (
      <p className={styles["none"]} data-testid="picture-none">
        <VideoOff size="1.25rem" aria-hidden />
        {t("call.tile.noPictures")}
        <span className={styles["why"]}>{t("call.tile.noPicturesWhy")}</span>
      </p>
    );
  }
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={label}
      className={className}
      data-testid={testId}
      data-person={person ?? "own"}
      data-screen={isScreen}
      data-frames="0"
      width={1280}
      height={720}
    />
  );
}
