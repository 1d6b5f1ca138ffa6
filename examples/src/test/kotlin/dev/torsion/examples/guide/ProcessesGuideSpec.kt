// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.await
import dev.torsion.process.ProcessCommand
import dev.torsion.service.ProcessService
import dev.torsion.service.startWith
import dev.torsion.testkit.runReactorTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

/** The process of docs/guide/processes.md that is started again. */
class ProcessesGuideSpec :
    StringSpec({
        "a process that is kept running" {
            runReactorTest {
                val reactor = this
                processes.add("worker") {}
                val worker = ProcessService(reactor, ProcessCommand.of("worker", "--quiet"))
                worker.startWith(reactor)
                val process = worker.whenRunning().await()
                process.pid() shouldBe processes.all.single().pid
                worker.stopService().await()
            }
        }
    })
