#!/usr/bin/env bash
# How many instructions each pixel stage takes, counted by valgrind: unlike times they are the same on a busy machine, so that a change
# shows. Valgrind knows no AVX-512: the stages then choose AVX2, so that the counts are of that code and not of what runs on such
# processors otherwise. A stage is run once and three times; half the difference is the stage without the start of the program.
#
#   bench/instructions.sh             builds and counts
#   bench/instructions.sh PROGRAM     counts with a build of the example pixel_times that is there
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh valgrind:valgrind
program=${1:-target/release/examples/pixel_times}
[ $# -gt 0 ] || cargo build --quiet --release --locked -p thorax-imaging --example pixel_times
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The same bytes everywhere; what they show is all one to CLAHE.
(yes 'a film of noise' || true) | head -c 1048576 >"$work/film.raw"

instructions() {
    local runs=$1 said
    { printf '%s\n' "$2"; for ((run = 0; run < runs; run++)); do echo go; done; } >"$work/task"
    said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" <"$work/task" 2>&1 >/dev/null) ||
        { printf '%s\n' "$said" >&2; return 1; }
    sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' <<<"$said"
}

stage() {
    local once thrice
    once=$(instructions 1 "$2")
    thrice=$(instructions 3 "$2")
    [ "$thrice" -gt "$once" ] || { echo "thorax: $program did nothing for $1" >&2; return 1; }
    printf '%-52s %9s million instructions\n' "$1" "$(awk "BEGIN { printf \"%.2f\", ($thrice - $once) / 2e6 }")"
}

film=samples/normal-1.jpeg
resize='{"step": "depth8"}, {"step": "resize", "width": 224, "height": 224, "filter": "bilinear"}'
last='{"step": "normalize", "mean": 0.0, "std": 1.0}'
stage "decode $film" "{\"threads\": 1, \"decode\": {\"file\": \"$film\"}}"
stage "decode samples/chest-cr.dcm" '{"threads": 1, "decode": {"file": "samples/chest-cr.dcm"}}'
stage "resize $film to 224 x 224" "{\"threads\": 1, \"prepare\": {\"file\": \"$film\", \"recipe\": [$resize, $last]}}"
stage "CLAHE 1024 x 1024, 8 bits" \
    "{\"threads\": 1, \"clahe\": {\"file\": \"$work/film.raw\", \"width\": 1024, \"height\": 1024, \"bits\": 8}}"
