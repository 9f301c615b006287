"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: bucket_mounts
short_description: Buckets of object stores on a node
description:
  - Mounts buckets, or copies them, with rclone. What is there as wanted stays as it is; a copy is brought up to date.
  - Keys are looked for on the controller, where the stores' own tools look, and go to the node's memory.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  mounts:
    description:
      - The buckets, each C(target), C(address), C(store) (C(S3), C(GCS), C(AZURE), C(R2), C(IBM), C(OCI), C(NEBIUS),
        C(COREWEAVE) or C(VASTDATA)), C(bucket), C(path), C(mode) (C(MOUNT), C(MOUNT_CACHED) or C(COPY)) and, as wanted,
        C(region), C(account) and C(settings).
    type: list
    elements: dict
    required: true
  settings:
    description:
      - Settings by store, C(s3) or another, each C(endpoint), C(region), C(account), C(profile), C(credentials_file)
        and C(credentials) (C(keys), C(identity) or C(none)).
    type: dict
    default: {}
  identity:
    description: Stores for which the node's own identity serves, so that no keys are sent.
    type: list
    elements: str
    default: []
  rclone:
    description: Paths on the controller of the rclone for nodes that have none, by kind of machine as C(uname -m) says.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Mount a bucket
  stix.core.bucket_mounts:
    home: ~/.stix/agent
    mounts:
      - {target: /data, address: "s3://my-data/images", store: S3, bucket: my-data, path: images, mode: MOUNT}
"""

RETURN = r"""
missing:
  description: Packages that the node lacks; nothing was done then.
  type: list
  elements: str
  returned: success
stix_event:
  description: The fact that is reported, C(kind) and C(data).
  type: dict
  returned: when there is something to report
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
