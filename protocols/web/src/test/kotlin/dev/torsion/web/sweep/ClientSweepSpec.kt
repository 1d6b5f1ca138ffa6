// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.testkit.sweep.FaultSweep
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir

/** A fault at each step of each kind of exchange of a client: see [ClientProgram] and [FaultSweep] for what has to hold afterwards. */
class ClientSweepSpec :
    StringSpec({
        val folder = tempdir().toPath()
        val kinds = mapOf(
            "a body of a length" to { Fixed() },
            "a body in chunks" to { Chunked(isUntilClose = false) },
            "a body until the end" to { Chunked(isUntilClose = true) },
            "a body that waits for leave" to { Continue() },
            "a redirect" to { Redirected() },
            "a digest" to { Challenged() },
            "a connection that is gone" to { Stale() },
            "a queue" to { Queued() },
            "a compressed body" to { Zipped() },
            "a download" to { Saved(folder) },
            "a proxy that makes no tunnel" to { Proxied() },
            "TLS in a tunnel" to { Tunnelled(isSecure = false) },
            "TLS in a tunnel that is narrow" to { Tunnelled(isSecure = false, window = 500) },
            "TLS in a tunnel of TLS" to { Tunnelled(isSecure = true) },
            "events of a server that is seldom there" to { EventStorm() },
            "a request through TLS to a proxy" to { Tunnelled.inTheClear() },
        )
        beforeSpec {
            // what is done once in a process is no part of a run
            val chosen = System.setProperty(FaultSweep.PROPERTY, "none")
            try {
                for (kind in kinds.values) FaultSweep("web client") { ClientProgram(it, kind()).begin() }.run()
            } finally {
                if (chosen == null) System.clearProperty(FaultSweep.PROPERTY) else System.setProperty(FaultSweep.PROPERTY, chosen)
            }
        }

        for ((name, kind) in kinds) {
            "nothing that goes wrong harms $name" {
                FaultSweep("web client: $name") { ClientProgram(it, kind()).begin() }.run().throwIfWrong()
            }
        }
    })
