#!/usr/bin/env bash
# Makes a lab of machines in DIR, with Kubernetes and etcd for them in DIR/bin: a work directory for hardway. Run again, it
# makes what is missing. Further arguments are for `hardway-lab up`.
#
#   test/lab.sh DIR [ARGUMENT…]
set -euo pipefail
dir=${1:?the directory of the lab}
shift
here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")

"$here/install-docker.sh"
kubernetes=$("$here/kubernetes/build.sh")
addons=$("$here/kubernetes/addons/build.sh")
mkdir -p "$dir/bin"
ln -sfn "$kubernetes"/* "$addons/cni" "$dir/bin/"
"$project/bin/hardway-lab" up --driver container --cache "$project/.cache/lab" --images "$addons/images.tar" --dir "$dir" "$@"
cat >&2 <<END

Next:  cd $dir
       export PATH=$project/bin:\$PWD/bin:\$PATH
       hardway up
Later: hardway-lab down --purge --dir $dir     removes the machines
END
