# Sourced by the builds of this directory.

# cached CACHE BUILD INPUT…: prints the directory of CACHE that belongs to the bytes of the input files, after the function
# BUILD has filled it, which is given where. It is filled once; a build that is cut off leaves nothing behind that could be
# taken for a whole one.
cached() {
  local cache=$1 build=$2 dir
  shift 2
  mkdir -p "$cache"
  cache=$(cd "$cache" && pwd -P)
  dir=$cache/$(cat "$@" | sha256sum | cut -c1-16)
  exec 9>"$cache/.lock" # the second of two builds at once waits, and finds what the first has built
  [ -d "$dir" ] || flock 9
  if [ ! -d "$dir" ]; then
    rm -rf "$cache"/.build.* # what a cut-off build left; the lock says that nobody works there
    unfinished=$(mktemp -d "$cache/.build.XXXXXX")
    trap 'rm -rf "$unfinished"' EXIT
    chmod 0755 "$unfinished"
    "$build" "$unfinished" >&2
    mv "$unfinished" "$dir"
  fi
  echo "$dir"
}

export CGO_ENABLED=0 GOFLAGS=-buildvcs=false

# release MODULE: the version of it that go.mod names.
release() { go list -m -f '{{.Version}}' "$1"; }
