# Shared by ./run and ./test: what a machine needs, and how a step is told.
# shellcheck shell=bash disable=SC2034

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
STAMPS=$TARGET/stamps
TOOLS=$TARGET/tools

# To build the app (Tauri on WebKitGTK, SQLCipher over the system's libcrypto, VP8 by libvpx with bindings that libclang makes), and the
# sound (ALSA) and screens (X11, Wayland, PipeWire) of calls.
BUILD_PACKAGES=(build-essential cmake pkg-config git libclang-dev libssl-dev libvpx-dev libwebkit2gtk-4.1-dev libxdo-dev librsvg2-dev
    libasound2-dev libpipewire-0.3-dev libgbm-dev libwayland-dev libegl-dev libxcb1-dev libxcb-randr0-dev libdbus-1-dev)
# To test it: a display with a font, a driver of the web view, a bus with a keyring, a sound server, a browser for the interface; for calls a TURN
# server and namespaces of the network.
TEST_PACKAGES=(webkit2gtk-driver xvfb x11-xserver-utils fonts-dejavu-core dbus gnome-keyring libsecret-tools pulseaudio pulseaudio-utils
    chromium chromium-driver coturn iproute2 procps shellcheck python3-venv)

# The interface is embedded by this feature; every invocation names it, so that nothing is built twice.
APP_FEATURES=(--features bezel-app/custom-protocol)

# Pinned tools first.
export PATH=$TOOLS/bin:$PATH

if [[ -t 1 ]]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m' CLEAR=$'\r\e[K'
else
    BOLD='' DIM='' RED='' GREEN='' PLAIN='' CLEAR=''
fi

say() { printf '%s\n' "$*"; }
fail() { printf '%s%s%s\n' "$RED" "$*" "$PLAIN" >&2; exit 1; }

# Seconds as a person says them.
spent() {
    if (($1 >= 60)); then printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); else printf '%d s' "$1"; fi
}

# Runs a command with its output in a log; on a terminal its last line is shown while it runs, elsewhere a line a minute.
watched() {
    local log=$1 started=$SECONDS beat=60 pid last
    shift
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    CHILDREN+=("$pid")
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [[ -t 1 ]]; then
            last=$(tail -c 400 "$log" | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | tr -d '\000-\037' | cut -c "1-$((${COLUMNS:-100} - 20))")
            printf '%s      %s%s · %s%s' "$CLEAR" "$DIM" "$(spent $((SECONDS - started)))" "$last" "$PLAIN"
        elif ((SECONDS - started >= beat)); then
            printf '      … %s\n' "$(spent $((SECONDS - started)))"
            beat=$((beat + 60))
        fi
    done
    [[ -t 1 ]] && printf '%s' "$CLEAR"
    wait "$pid"
}

CHILDREN=()
# Ends the processes which this script started, and theirs.
end_children() {
    local pid
    for pid in "${CHILDREN[@]}"; do end_tree "$pid"; done
    CHILDREN=()
}
end_tree() {
    local child
    for child in $(ps -o pid= --ppid "$1" 2>/dev/null); do end_tree "$child"; done
    kill -TERM "$1" 2>/dev/null || true
}

as_root() {
    if ((EUID == 0)); then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        fail "This needs root and there is no sudo. As root: $*"
    fi
}

# Installs those of the named Debian packages which are missing.
need_packages() {
    local missing=() name
    if ! command -v dpkg-query >/dev/null; then
        say "Not Debian or Ubuntu: taking it that these are here: $*"
        return 0
    fi
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    ((${#missing[@]} == 0)) && return 0
    say "Installing with apt: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Is version $1 at least $2?
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

need_rust() {
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)
    command -v cargo >/dev/null || { [[ -x $HOME/.cargo/bin/cargo ]] && PATH=$HOME/.cargo/bin:$PATH; }
    command -v cargo >/dev/null || fail "Rust $wanted or newer is needed and cargo was not found.
Debian's own cargo is older than that. Install Rust with rustup (https://rustup.rs), then run this again."
    have=$(rustc --version | cut -d ' ' -f 2)
    at_least "$have" "$wanted" || fail "Rust $wanted or newer is needed; here is $have. With rustup: rustup update stable"
}

# Node.js and npm: the machine's own if they are new enough, else pinned ones in the target folder.
need_node() {
    local have=0
    command -v node >/dev/null && command -v npm >/dev/null && have=$(node --version | tr -d v)
    at_least "$have" 20.19 && return 0
    say "Node.js 20.19 or newer is needed to build the interface (here: ${have/#0/none}); fetching one into $TOOLS"
    need_python_tools scripts/node.txt
}

# Programs which the Python package index serves as binaries, pinned by hash, into the target folder.
need_python_tools() {
    local list=$1 name
    name=tools-$(basename "$list" .txt)
    if [[ ! -x $TOOLS/bin/pip ]]; then
        python3 -c 'import ensurepip' 2>/dev/null || need_packages python3-venv
        python3 -m venv "$TOOLS"
    fi
    fresh "$name" "$list" || { "$TOOLS/bin/pip" install -q --disable-pip-version-check --require-hashes --only-binary :all: -r "$ROOT/$list" && stamp "$name" "$list"; }
}

# Was the step $1 done with the files named after it as they are now? A stamp holds the sum of what it was made from.
fresh() {
    local stamp=$STAMPS/$1
    shift
    [[ -f $stamp && $(<"$stamp") == "$(sum_of "$@")" ]]
}
stamp() {
    local stamp=$STAMPS/$1
    shift
    mkdir -p "$STAMPS"
    sum_of "$@" >"$stamp"
}
sum_of() { (cd "$ROOT" && find "$@" -type f -not -path '*/node_modules/*' -not -path 'ui/dist/*' -not -path 'ui/dist-guest/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum); }

# npm's packages as the lock file says, if it changed.
node_packages() {
    fresh npm package.json package-lock.json && [[ -d $ROOT/node_modules ]] && return 0
    (cd "$ROOT" && npm ci --no-audit --no-fund) && stamp npm package.json package-lock.json
}

# The interface and the client's page, built into ui/dist and ui/dist-guest, if a file of them changed.
build_interface() {
    fresh interface ui package.json package-lock.json vite.config.ts vite.guest.config.ts && [[ -f $ROOT/ui/dist/index.html && -f $ROOT/ui/dist-guest/index.html ]] && return 0
    (cd "$ROOT" && npm run build) && stamp interface ui package.json package-lock.json vite.config.ts vite.guest.config.ts
}
