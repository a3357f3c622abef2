"""Worlds whose policies are known, to choose (training) and to judge (`judging/`) clustering methods on."""
