// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Job

/** The build runs these tests twice: with the newest coroutines and with the oldest. */
class CoroutinesVersionSpec :
    StringSpec({
        "the tests run over the coroutines that the build has asked for" {
            val version = System.getProperty("expected.coroutines.version").shouldNotBeNull()
            Job::class.java.protectionDomain.codeSource.location.path shouldContain "-$version.jar"
        }
    })
