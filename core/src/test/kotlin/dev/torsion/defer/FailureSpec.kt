// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.FileNotFoundException
import java.io.IOException

class FailureSpec :
    StringSpec({
        val error = FileNotFoundException("no such file")
        val failure = Failure(error)

        "check finds the first class that fits" {
            failure.type shouldBe FileNotFoundException::class.java
            failure.check(IllegalStateException::class.java, IOException::class.java) shouldBe IOException::class.java
            failure.check(IllegalStateException::class.java) shouldBe null
            failure.check<IOException>() shouldBeSameInstanceAs error
            failure.check<IllegalStateException>() shouldBe null
        }

        "trap gives the class, or throws the exception itself" {
            failure.trap(IOException::class.java) shouldBe IOException::class.java
            shouldThrow<FileNotFoundException> { failure.trap(IllegalStateException::class.java) } shouldBeSameInstanceAs error
            failure.trap<IOException>() shouldBeSameInstanceAs error
            shouldThrow<FileNotFoundException> { failure.trap<IllegalStateException>() } shouldBeSameInstanceAs error
            shouldThrow<FileNotFoundException> { failure.raise() } shouldBeSameInstanceAs error
        }

        "an errback that traps something else passes the failure on" {
            val outcome = outcomeOf(fail<Int>(error).addErrback { it.trap(IllegalStateException::class.java).modifiers }.addErrback { 5 })
            outcome shouldBe Success(5)
        }

        "the brief traceback is one line for each of a few sites, the long one is the stack trace" {
            val lines = failure.briefTraceback.lines()
            lines.first() shouldBe "Traceback: java.io.FileNotFoundException: no such file"
            lines[1] shouldStartWith "FailureSpec.kt:"
            lines.size shouldBe Failure.BRIEF_SITES + 2
            lines.last() shouldBe "(${error.stackTrace.size - Failure.BRIEF_SITES} more)"
            failure.traceback shouldContain "at dev.torsion.defer.FailureSpec"
        }

        "outcomes have values' and identities' equality" {
            Failure(error) shouldBe Failure(error)
            Failure(error).hashCode() shouldBe Failure(error).hashCode()
            Failure(IOException("a")) shouldNotBe Failure(IOException("a"))
            Success(listOf(1)) shouldBe Success(listOf(1))
            Success(null).hashCode() shouldBe Success(null).hashCode()
            Success(1) shouldNotBe Success(2)
            Success(1).toString() shouldBe "Success(1)"
            failure.toString() shouldBe "Failure(java.io.FileNotFoundException: no such file)"
            Success(1).isSuccess shouldBe true
            failure.isSuccess shouldBe false
            shouldThrow<FileNotFoundException> { (failure as Outcome<Int>).get() } shouldBeSameInstanceAs error
        }
    })
