#!/bin/bash
# Boot a small virtual machine with real V4L2 and ALSA devices, and run a command in it.
#
#     tools/vm_test/machine.sh FOLDER 'command'
#
# FOLDER keeps the kernel and the modules for the next time. The guest sees the host's files, read
# only, so the command finds the same interpreter and packages; what it writes is lost. Needs root
# and apt (Debian 12 or newer), no KVM: everything is emulated, some 200 times slower for networks.
#
#     /dev/video0         vivid, a webcam with raw formats; unplugged by
#                         v4l2-ctl -d /dev/video0 -c disconnect=1, back after a driver re-bind
#     /dev/video10        v4l2loopback, exclusive_caps=1: the virtual camera
#     hw:0,0 -> hw:0,1    an ALSA loopback in real time
set -euo pipefail
work=$(realpath -m "$1")
command=$2
mkdir -p "$work"

if [ ! -e "$work/ready" ]; then
  kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: linux-image-//p' | head -1)
  apt-get install -y -qq --no-install-recommends qemu-system-x86 busybox-static cpio kmod make gcc \
    v4l-utils libportaudio2 "linux-headers-$kernel" >/dev/null
  (
    cd "$work"
    apt-get download -qq "linux-image-$kernel" v4l2loopback-dkms
    for package in *.deb; do dpkg -x "$package" tree; done
  )
  make -s -C "/usr/src/linux-headers-$kernel" \
    M="$(echo "$work"/tree/usr/src/v4l2loopback-*)" modules
  depmod -b "$work/tree" "$kernel"
  root=$work/initrd
  mkdir -p "$root"/{bin,proc,sys,dev,host,rw,root,modules}
  cp "$(command -v busybox)" "$root/bin/"
  for module in virtio_pci 9pnet_virtio 9p overlay vivid snd-aloop; do
    modprobe -S "$kernel" -d "$work/tree" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r file; do
    cp "$file" "$root/modules/"
    basename "$file" >>"$root/modules/order"
  done
  cp "$work"/tree/usr/src/v4l2loopback-*/v4l2loopback.ko "$root/modules/"
  ln -sf "$work/tree/boot/vmlinuz-$kernel" "$work/vmlinuz"
  touch "$work/ready"
fi

cat >"$work/initrd/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
for module in $(cat /modules/order); do
  case $module in
    vivid.ko) options="n_devs=1 node_types=0x1 num_inputs=1 input_types=0x00" ;;
    *) options= ;;
  esac
  insmod /modules/$module $options
done
insmod /modules/v4l2loopback.ko devices=1 video_nr=10 card_label=vidstyle exclusive_caps=1
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=524288,cache=loose hostroot /host
mount -t tmpfs t /rw; mkdir -p /rw/upper /rw/work
mount -t overlay -o lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work o /root
for folder in dev proc sys; do mount --bind /$folder /root/$folder; done
mkdir -p /dev/shm; mount -t tmpfs t /dev/shm; ip link set lo up
cp /guest.sh /root/guest.sh
chroot /root /bin/bash /guest.sh
echo "GUEST_RC=$?"
poweroff -f
INIT
chmod +x "$work/initrd/init"
printf '%s\n' "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root" "cd '$PWD'" "$command" \
  >"$work/initrd/guest.sh"
(cd "$work/initrd" && find . | cpio -o -H newc --quiet | gzip -1 >"$work/initrd.gz")

timeout "${VM_SECONDS:-300}" qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 2048 -nographic \
  -no-reboot -nic none -kernel "$work/vmlinuz" -initrd "$work/initrd.gz" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check" \
  -virtfs local,path=/,mount_tag=hostroot,security_model=none,readonly=on,multidevs=remap \
  </dev/null | stdbuf -o0 tr -d '\r' | tee "$work/log"
grep -q '^GUEST_RC=0$' "$work/log"
