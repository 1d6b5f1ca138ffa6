// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.checkAll

class InboxSpec :
    StringSpec({
        "whatever is done to it, it is a queue whose newest message can be replaced" {
            checkAll(Arb.list(Arb.int(0..5), 0..60)) { operations ->
                val inbox = Inbox<Int>()
                val model = ArrayDeque<Int>()
                operations.forEachIndexed { number, operation ->
                    when {
                        operation <= 2 -> {
                            inbox.add(number)
                            model.addLast(number)
                        }
                        model.isEmpty() -> Unit
                        operation == 3 -> {
                            inbox.newest = -number
                            model[model.lastIndex] = -number
                        }
                        else -> inbox.take() shouldBe model.removeFirst()
                    }
                    inbox.size shouldBe model.size
                    inbox.isEmpty shouldBe model.isEmpty()
                    if (model.isNotEmpty()) inbox.newest shouldBe model.last()
                }
                inbox.clear()
                inbox.isEmpty shouldBe true
                inbox.size shouldBe 0
            }
        }
    })
