import { Mic, MicOff, ScreenShare, ScreenShareOff, Video, VideoOff } from "lucide";
import { t } from "../i18n";
import { LocalMedia, type Device, type DeviceTrouble } from "../media/local";
import { Toggle } from "./toggle";

/** The buttons of microphone, camera and screen. A device that does not open says why. */
export class DeviceButtons {
  readonly microphone: Toggle;
  readonly camera: Toggle;
  readonly screen: Toggle | undefined;

  constructor(
    private readonly media: LocalMedia,
    private readonly trouble: (trouble: DeviceTrouble | undefined) => void,
  ) {
    this.microphone = new Toggle(
      "microphone",
      { label: t("unmuteMicrophone"), icon: MicOff },
      { label: t("muteMicrophone"), icon: Mic },
      () => {
        if (media.track("audio")) media.mute(media.state().microphone);
        else void this.#choose("microphone");
      },
    );
    this.camera = new Toggle(
      "camera",
      { label: t("startCamera"), icon: VideoOff },
      { label: t("stopCamera"), icon: Video },
      () => {
        if (media.track("camera")) media.stopCamera();
        else void this.#choose("camera");
      },
    );
    if (LocalMedia.sharesScreens) {
      this.screen = new Toggle(
        "screen",
        { label: t("shareScreen"), icon: ScreenShare },
        { label: t("stopScreen"), icon: ScreenShareOff },
        () => {
          if (media.track("screen")) media.stopScreen();
          else void media.shareScreen();
        },
      );
    }
    this.update();
  }

  update(): void {
    const { microphone, camera, screen } = this.media.state();
    this.microphone.update(microphone);
    this.camera.update(camera);
    this.screen?.update(screen);
  }

  /** What was said before is said anew, where it still holds. */
  async #choose(device: Device): Promise<void> {
    this.trouble(undefined);
    this.trouble(await this.media.choose(device));
  }
}
