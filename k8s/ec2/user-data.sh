#!/bin/bash
# Given to a new EC2 instance (Debian 12 or Ubuntu 24.04, amd64 or arm64) as its user data: k3s, with its volumes on the
# second disk and certificates from Let's Encrypt. What it says is in /var/log/cloud-init-output.log.
set -euo pipefail

K3S_VERSION=v1.33.5+k3s1
EMAIL=you@example.com

# The second disk, which outlives the instance: formatted only when it is empty.
disk=$(lsblk --nodeps --noheadings --paths --output NAME,TYPE | awk '$2 == "disk" { print $1 }' | sed -n 2p)
until [ -b "$disk" ]; do
    sleep 2
    disk=$(lsblk --nodeps --noheadings --paths --output NAME,TYPE | awk '$2 == "disk" { print $1 }' | sed -n 2p)
done
blkid "$disk" >/dev/null || mkfs.ext4 -L comanda "$disk"
mkdir -p /var/lib/rancher
grep -q LABEL=comanda /etc/fstab || echo 'LABEL=comanda /var/lib/rancher ext4 defaults,nofail 0 2' >>/etc/fstab
mountpoint -q /var/lib/rancher || mount /var/lib/rancher

# What k3s applies once it runs: Traefik asks for certificates, keeps them, and knows who is behind the load balancer.
mkdir -p /var/lib/rancher/k3s/server/manifests
cat >/var/lib/rancher/k3s/server/manifests/traefik-config.yaml <<END
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata:
  name: traefik
  namespace: kube-system
spec:
  valuesContent: |-
    persistence: { enabled: true }
    additionalArguments:
      - --certificatesresolvers.letsencrypt.acme.email=$EMAIL
      - --certificatesresolvers.letsencrypt.acme.storage=/data/acme.json
      - --certificatesresolvers.letsencrypt.acme.tlschallenge=true
      # Live views have no end, and a slow client is no reason to end them.
      - --entryPoints.websecure.transport.respondingTimeouts.writeTimeout=0
END

curl -fsSL https://get.k3s.io | INSTALL_K3S_VERSION=$K3S_VERSION sh -s - \
    --secrets-encryption --write-kubeconfig-mode 0600 --disable metrics-server

# Every night a dump of each database, in the order in which they can be read together; the last week is kept on the disk,
# of which AWS takes snapshots.
cat >/etc/cron.daily/comanda-backup <<'END'
#!/bin/bash
set -euo pipefail
umask 077
to=/var/lib/rancher/backup/$(date +%F)
mkdir -p "$to"
for name in order inventory kitchen; do
    k3s kubectl -n comanda exec "$name-db-0" -- pg_dump -U comanda -Fc comanda >"$to/$name.dump"
done
find /var/lib/rancher/backup -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -r {} +
END
chmod +x /etc/cron.daily/comanda-backup
