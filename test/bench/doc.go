// Command bench measures hardway beside other tools and beside what the machine can do at all, in one run, and prints a
// row for each comparison: ours, the other's, the ratio, the target, met or missed. A row that misses is printed as such
// and the exit code stays 0; what could not be measured, for example because a tool is missing, exits 1.
//
// # How it is measured
//
// Contestants of a race run in turns, and each round begins with another of them, so that all of them meet the same
// machine. Every run gets a new directory on the disk that holds the checkout, and what earlier runs left unwritten is
// written out before the clock starts. One round beforehand does not count. The figures are medians over the rounds; what
// takes part in fewer says in how many. A ratio is the ratio of the medians, followed by the lowest and the highest within
// a round. With a target of at least, the ratio is the other's time over ours; with a target of at most, ours over the
// other's.
//
// -rounds and -only GROUP make a shorter run, as in `go run ./test/bench -rounds 3 -only B3`, with .cache/tools in PATH,
// for B2 also the directory that test/kubernetes/build.sh prints.
//
// Everything is deleted at the end. On ext4 it is better to wait ten minutes before the next run: until then, making a
// file passes over the inodes that were just freed, one by one.
//
// # B1, certificates
//
// The set is every certificate of three masters and three workers, ECDSA P-256: three authorities and the catalogue of
// package pki, which has 42 leaves for it.
//
//   - in process: a store opened, planned and applied in an empty work directory. Everything is synced, and a crash leaves
//     all of it or nothing.
//   - whole process: `hardway pki all` from start to exit.
//   - cfssl: a shell loop of `cfssl gencert | cfssljson -bare`, one pipeline per certificate, the requests written before
//     the clock starts. It syncs nothing.
//   - openssl: a shell loop of `ecparam -genkey`, `req -new` and `x509 -req` per certificate, extensions written before
//     the clock starts. It syncs nothing.
//   - raw: what one writes by hand in Go for this set, one certificate after the other: generate the key,
//     x509.CreateCertificate, and per file write beside its place, sync, rename, sync the directory. No check of any kind.
//     Each round makes sure that it wrote as many files and bytes as ours.
//   - raw, side by side: the same with certificates made on all cores and sixteen files written at a time.
//
// For three masters and 5,000 workers `hardway pki all` runs as a process of its own, three times: the median of its
// processor time over its wall time and the machine's cores, and the largest resident set as the kernel counted it. What
// else runs on the machine takes away from the first.
//
// # B2, the certificates of a master
//
// `kubeadm init phase certs all` makes 22 files for a master, here with ECDSA keys, from a configuration, and syncs none of
// them. As a process it meets `hardway pki all` for one master, which makes 37 and syncs them all: kubeadm puts the other
// certificates into kubeconfigs, later. In process ours makes kubeadm's set, with a bundle for each authority besides.
// kubeadm is built from its module by test/kubernetes/build.sh.
//
// # B3, files to a host
//
// Twenty files of 2 KiB to a directory that an OpenSSH server on loopback can write to, from no connection to all in
// place. Ours dials with strict host keys, stages, compares digests, syncs and renames. The others check host keys as
// well and sync nothing: one `scp` with all files, an `scp` per file, and `ansible-playbook` with a copy task per file,
// without gathering facts or searching for an interpreter. Sessions on the host skip the person's ~/.bashrc.
//
// # B4, files to ten hosts
//
// The files of B3 to ten OpenSSH servers, each a process on a loopback address of its own: all ten dialled at once, staged
// on all, then committed on all; against the slowest of the ten when each is delivered to alone. Dialling has rows of its own,
// without a target: both sides of each handshake share this machine's processors, and a delivery to all cannot take less.
// `ansible-playbook` runs with a fork for each host, else as in B3.
//
// # 100 MB
//
// One file of 100 MB to three OpenSSH servers at once, as a process: dialled, staged, synced, its digest compared on the far
// side, renamed. Its throughput, summed over the hosts, against that of `scp` with the same file to the same hosts, once one
// after the other, so that each scp has the machine for itself, and once all three at a time. scp syncs and verifies nothing.
// Memory is the process's largest resident set. What is sent to hosts where the file stands already is counted at the
// connection, handshake included.
//
// # 1,000 hosts
//
// A lab of 1,000 hosts runs in a process of its own: three masters and 997 balancers, because a balancer's files are the
// fewest that any role has in this version. Its disks are in memory: each real host has a disk of its own, and syncs of
// 1,000 hosts that meet on one say nothing about them. `hardway distribute` with ssh.parallel 100 runs as a process, to hosts
// that hold nothing and then again, against a process that reads the same cluster.yaml, dials the same hosts with the same
// code, 100 at a time, holds all connections and closes them. Both sides of each connection share this machine's
// processors, so that all of it is a matter of processor time. Memory is hardway's largest resident set as the kernel counted
// it.
//
// # B5, a rerun with nothing to do
//
// Proxies stand before the servers and add latency. A round trip is what something waits for, so their number is by how
// much longer it takes, once connections are authenticated, for each unit of latency: with 400 ms against without, the
// median of three, rounded; before rounding, the lowest and the highest follow. Counting how often the direction turns
// would count what nobody waits for, such as the end of standard input.
//
// What is asked of an OpenSSH server is one look at a hundred paths. The other rows are three masters of a lab on which
// `up` has finished, with etcd running: `distribute` again, and `up` again, which compares twice and verifies etcd.
//
// # B6, a cluster from nothing
//
// Three masters, a balancer and a worker, each a container with the real systemd and sshd, made anew for each run; executables
// lie ready, images are imported. Ours is `hardway up`, from cluster.yaml alone. The other is bare.sh: the same executables, units,
// certificates and objects, made and packed before its clock starts, unpacked on every host at once and started, nothing
// checked. Both clocks stop when every API server answers /readyz with ok and every node is Ready.
package main
