"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: bucket_transfer
short_description: Bring a bucket's content to another
description:
  - Copies what is in a bucket, or below a path in it, or in a folder of the controller, to another such place with
    rclone, many files at a time. What is there already is not sent again. Within one store the store copies by itself;
    between two the bytes pass the controller.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  state:
    description: V(query) only looks whether there is something at the source, and fails where there is not.
    type: str
    choices: [present, query]
    default: present
  source:
    description:
      - Where from, C(address) and for a bucket C(store) (as in M(stix.core.bucket_mounts)), C(bucket) and, as wanted,
        C(path), C(region) and C(account). An address alone is a folder of the controller.
    type: dict
    required: true
  target:
    description: Where to, in the same words; needed unless I(state=query).
    type: dict
    default: {}
  exact:
    description: Whether what the source lacks is deleted from the target.
    type: bool
    default: false
  log:
    description: A file for rclone's log, whose C(stats) tell how far it is.
    type: path
    default: ""
  settings:
    description: Settings by store, as in M(stix.core.bucket_mounts).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Bring the checkpoints to the other cloud
  stix.core.bucket_transfer:
    source: {store: S3, bucket: ckpt, address: "s3://ckpt"}
    target: {store: GCS, bucket: ckpt-eu, address: "gs://ckpt-eu"}
"""

RETURN = r"""
stix_event:
  description: The fact that is reported, C(kind) and C(data).
  type: dict
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
