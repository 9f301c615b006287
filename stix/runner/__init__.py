"""Plays playbooks: the only importer of ansible_runner."""
