# Sourced by the benchmarks: checks what is installed, builds what is measured.
# FAZT_BENCH_BUILD=no takes what was built before.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
export PYTHONDONTWRITEBYTECODE=1

need() {
    for program in python3 "$@"; do
        command -v "$program" >/dev/null || {
            echo "$program is not installed; $here/README.md says how" >&2
            exit 2
        }
    done
}

build_fazt() {
    [ "${FAZT_BENCH_BUILD:-yes}" = no ] ||
        cargo build --quiet --release --manifest-path "$root/Cargo.toml" --bin fazt
}

build_floor() {
    [ "${FAZT_BENCH_BUILD:-yes}" = no ] ||
        cargo build --quiet --release --locked --manifest-path "$here/floor/Cargo.toml"
}

build_store() {
    [ "${FAZT_BENCH_BUILD:-yes}" = no ] ||
        cargo bench --quiet --no-run --manifest-path "$root/Cargo.toml" --bench store
}
