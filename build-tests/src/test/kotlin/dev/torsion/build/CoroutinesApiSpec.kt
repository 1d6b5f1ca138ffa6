// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.base.DescribedPredicate.describe
import com.tngtech.archunit.core.domain.JavaCall
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import io.kotest.core.spec.style.StringSpec

/** The program of a user has one version of kotlinx-coroutines, which need not be the one that we compile with. */
internal class CoroutinesApiSpec :
    StringSpec({
        TorsionModule.entries.filter { it.published }.forEach { module ->
            "$module calls nothing of kotlinx-coroutines that differs between its versions" {
                noClasses().should().callCodeUnitWhere(differs)
                    .because("it is internal, or not in 1.8: wait by Parked and watch, which hand over and give back without it")
                    .allowEmptyShould(true)
                    .check(module.classes)
            }
        }
    })

private val differs = describe<JavaCall<*>>("differ between versions of kotlinx-coroutines") { call ->
    val owner = call.targetOwner.name
    val parameters = call.target.rawParameterTypes.size
    when (call.target.name) {
        "resume" -> owner == "kotlinx.coroutines.CancellableContinuation" && parameters == 2
        "tryResume", "tryResumeWithException", "completeResume" -> owner.startsWith("kotlinx.coroutines.")
        "invokeOnCompletion" -> owner == "kotlinx.coroutines.Job" && parameters > 1
        "getCancellationException" -> owner == "kotlinx.coroutines.Job"
        else -> false
    }
}
