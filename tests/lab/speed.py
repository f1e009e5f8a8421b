# SPDX-License-Identifier: GPL-2.0 OR MIT
"""How slow this machine is at present. Every time limit of the lab follows it.

What is measured is the lab's own boots: dom0's, which comes first, and then
each guest's. How long they take on an idle machine is known.
"""
import images

# Seconds on an idle machine with two cores: from Xen's start to dom0's shell, and from
# `xl create` to a guest's, while a scenario runs in another guest.
USUAL = {
    "amd64": {"dom0": 11, "pv": 18, "pvh": 24, "hvm": 40},
    "arm64": {"dom0": 6, "pvh": 12},
}
# No two runs are alike: limits allow this much even at the usual speed.
SLACK = 2


class Speed:
    def __init__(self):
        self.scale = 1.0

    def dom0(self, seconds):
        """dom0 took so long: the first thing that is known of a lab."""
        self.scale = max(1.0, seconds / USUAL[images.ARCH]["dom0"])

    def guest(self, kind, seconds):
        """A guest took so long: the machine may be busier than it was. Limits only grow."""
        self.scale = max(self.scale, seconds / USUAL[images.ARCH][kind])

    def scaled(self, number):
        """What is NUMBER at the usual speed."""
        return number * self.scale

    def limit(self, seconds):
        """How long to wait for what should take less than SECONDS."""
        return self.scaled(seconds) * SLACK


machine = Speed()
scaled = machine.scaled
limit = machine.limit
