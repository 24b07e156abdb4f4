// Package machine is hosts of a lab as containers: each a Debian with the real systemd and sshd, at an address of its own
// in a private network of Docker's.
//
// A machine keeps its disk until it is removed, and loses its power like one: Kill ends every process at once, Boot starts
// it from what stands on the disk. Cut takes the cable of its network out: addresses and routes stay, packets are lost.
//
// What exists is asked of Docker, by label, and never remembered: so a lab that was half made is finished by making it
// again. The names of all that belongs to a lab begin with hardway- and the lab's name, so that labs do not meet.
//
// Docker is spoken to through its own command, by whoever may do so; nothing else here needs root, but for the image where
// no registry answers. Machines have the capabilities of a host, but change no setting of the kernel that they share with
// theirs: see image/init.sh.
package machine
