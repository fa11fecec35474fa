import { ON_THE_CPU } from "./pictureStream";
import type { Planes } from "./pictureWire";

const VERTEX = `
attribute vec2 corner;
varying vec2 place;
void main() {
  place = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

/** BT.601, limited range, as VP8 has it (RFC 6386 §9.2). */
const FRAGMENT = `
precision mediump float;
varying vec2 place;
uniform sampler2D y, u, v;
void main() {
  float light = 1.164384 * (texture2D(y, place).r - 0.062745);
  float blue = texture2D(u, place).r - 0.501961;
  float red = texture2D(v, place).r - 0.501961;
  gl_FragColor = vec4(light + 1.596027 * red, light - 0.391762 * blue - 0.812968 * red, light + 2.017232 * blue, 1.0);
}`;

const NAMES = ["y", "u", "v"] as const;

/** Draws pictures in I420 by WebGL. One context serves every canvas: a page may have only few. */
export class PlanePainter {
  #gl: WebGLRenderingContext;

  private constructor(gl: WebGLRenderingContext) {
    this.#gl = gl;
  }

  /** None where the web view has no WebGL. */
  static open(): PlanePainter | null {
    const gl = begin();
    return gl && new PlanePainter(gl);
  }

  /** Draws a picture on a canvas, which takes its size. False where that can no longer be done. */
  paint({ width, height, ...planes }: Planes, canvas: HTMLCanvasElement): boolean {
    // A context is lost when the graphics card begins anew.
    const gl = this.#gl.isContextLost() ? begin() : this.#gl;
    if (!gl) return false;
    this.#gl = gl;
    const sheet = gl.canvas as HTMLCanvasElement;
    if (sheet.width < width) sheet.width = width;
    if (sheet.height < height) sheet.height = height;
    gl.viewport(0, 0, width, height);
    NAMES.forEach((name, unit) => {
      const [across, down] = name === "y" ? [width, height] : [Math.ceil(width / 2), Math.ceil(height / 2)];
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.LUMINANCE, across, down, 0, gl.LUMINANCE, gl.UNSIGNED_BYTE, planes[name]);
    });
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d", ON_THE_CPU)?.drawImage(sheet, 0, sheet.height - height, width, height, 0, 0, width, height);
    return true;
  }
}

/** A context with the program and the three planes bound. */
function begin(): WebGLRenderingContext | null {
  const gl = document.createElement("canvas").getContext("webgl", { alpha: false, antialias: false, depth: false });
  const program = gl?.createProgram();
  if (!gl || !program) return null;
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.bindAttribLocation(program, 0, "corner");
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  NAMES.forEach((name, unit) => {
    gl.uniform1i(gl.getUniformLocation(program, name), unit);
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  });
  return gl;
}
