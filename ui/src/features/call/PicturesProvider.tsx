import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { useHost } from "../../data/client";
import { Pictures } from "../../data/pictures";

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

/** The pictures of one stream; `data-frames` counts how many were drawn. */
export function Picture({ person, isScreen = false, label, className, testId = "call-picture" }: Props): ReactNode {
  const pictures = useContext(Context);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!canvas.current || !pictures) return;
    return pictures.show({ person, isScreen }, canvas.current);
  }, [pictures, person, isScreen]);
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
