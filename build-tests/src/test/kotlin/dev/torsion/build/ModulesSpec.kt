// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaCodeUnit
import com.tngtech.archunit.core.domain.JavaModifier
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.io.File
import java.lang.module.FindException
import java.lang.module.ModuleDescriptor
import java.lang.module.ModuleDescriptor.Requires.Modifier
import java.lang.module.ModuleFinder
import java.util.ServiceLoader
import java.util.jar.JarFile
import kotlin.io.path.div
import kotlin.io.path.exists
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readLines
import kotlin.io.path.readText

/**
 * Every published artifact is a module of the JDK. Neither compiler looks at the descriptors while it compiles our classes, so these tests
 * compare them with what the classes use.
 */
internal class ModulesSpec : StringSpec({
    TorsionModule.entries.filter { it.published }.forEach { module ->
        val descriptor by lazy { Descriptors.of(module) }

        "$module is a module, with the name that its pom says" {
            descriptor.name() shouldBe
                Regex("<module.name>(.*)</module.name>").find((module.directory / "pom.xml").readText())?.groupValues?.get(1)
        }

        "$module exports the packages that have public API, and no other" {
            descriptor.exports().filterNot { it.isQualified }.map { it.source() } shouldContainExactlyInAnyOrder module.publicPackages()
        }

        "$module reads every module that its classes use" {
            val readable = Descriptors.readableFrom(descriptor)
            val missing = module.classes.flatMap { it.directDependenciesFromSelf }.mapNotNull { dependency ->
                val target = dependency.targetClass.baseComponentType
                Descriptors.moduleOf(target)?.takeIf { it !in readable }?.let { "$it for ${target.name} (${dependency.originClass.name})" }
            }
            withClue("add these to src/main/module/module-info.java") { missing.distinct().sorted().joinToString("\n") shouldBe "" }
        }

        "a module that requires $module alone reads all that its public API shows" {
            // A static requirement is a library that the program brings, and requires itself.
            val seen = Descriptors.seenByUsersOf(descriptor) +
                descriptor.requires().filter { Modifier.STATIC in it.modifiers() }.map { it.name() }
            val missing = module.publicClasses().flatMap { type ->
                signatureTypes(type).mapNotNull { shown ->
                    Descriptors.moduleOf(shown)?.takeIf { it !in seen }?.let { "$it for ${shown.name} (${type.name})" }
                }
            }
            withClue("make these `requires transitive`") { missing.distinct().sorted().joinToString("\n") shouldBe "" }
        }

        "$module requires nothing that it does not use" {
            val used = module.classes.flatMap { it.directDependenciesFromSelf }
                .mapNotNull { Descriptors.moduleOf(it.targetClass.baseComponentType) }.toSet()
            val kept = descriptor.requires().filterNot { it.name() in used || it.name() == "java.base" }
                .filterNot { required -> Modifier.TRANSITIVE in required.modifiers() && required.name().startsWith("dev.torsion.") }
            kept.map { it.name() }.shouldBeEmpty()
        }

        "$module says which services it looks for, and gives those of its META-INF/services" {
            val looks = module.classes.any { type ->
                type.methodCallsFromSelf.any { it.targetOwner.isEquivalentTo(ServiceLoader::class.java) }
            }
            descriptor.uses().isNotEmpty() shouldBe looks
            val files = (module.directory / "src" / "main" / "resources" / "META-INF" / "services")
                .let { if (it.exists()) it.listDirectoryEntries() else emptyList() }
            descriptor.provides().associate { it.service() to it.providers().toSet() } shouldBe
                files.associate { file -> file.name to file.readLines().filter { it.isNotBlank() }.toSet() }
        }
    }
})

private fun TorsionModule.publicClassNames() = Regex("(?m)^public [^{]*?(?:class|interface) (dev/torsion/[\\w/$]+)").findAll(apiText)
    .map { it.groupValues[1].replace('/', '.') }.toSet()

private fun TorsionModule.publicPackages() = publicClassNames().map { it.substringBeforeLast('.') }.distinct()

private fun TorsionModule.publicClasses(): List<JavaClass> = publicClassNames().let { names -> classes.filter { it.name in names } }

/** The types in the public and protected signatures of [type]; what Kotlin calls internal is public there, and has the module in its name. */
private fun signatureTypes(type: JavaClass): Set<JavaClass> {
    fun shown(modifiers: Set<JavaModifier>, name: String) =
        (JavaModifier.PUBLIC in modifiers || JavaModifier.PROTECTED in modifiers) && JavaModifier.SYNTHETIC !in modifiers && '$' !in name
    val members = type.codeUnits.filter { shown(it.modifiers, it.name) && !isOfInternal(it) }
        .flatMap { unit -> unit.rawParameterTypes + unit.rawReturnType + unit.exceptionTypes() }
    val fields = type.fields.filter { shown(it.modifiers, it.name) }.map { it.rawType }
    val above = listOfNotNull(type.rawSuperclass.orElse(null)) + type.rawInterfaces
    return (members + fields + above).map { it.baseComponentType }.toSet()
}

private fun JavaCodeUnit.exceptionTypes() = throwsClause.types.toList()

/** An internal constructor has no name to tell it by. */
private fun isOfInternal(unit: JavaCodeUnit) = unit.name == "<init>" && TorsionModule.owning(unit.owner.name)?.let { owner ->
    val descriptor = unit.rawParameterTypes.joinToString("") { descriptorOf(it) }
    val block = owner.apiText.substringAfter(" ${unit.owner.name.replace('.', '/')} ", "").substringBefore("\n}")
    "<init> ($descriptor)" !in block
} ?: false

private fun descriptorOf(type: JavaClass): String = when {
    type.isArray -> "[" + descriptorOf(type.componentType)
    type.isPrimitive -> PRIMITIVES.getValue(type.name)
    else -> "L${type.name.replace('.', '/')};"
}

private val PRIMITIVES = mapOf(
    "int" to "I",
    "long" to "J",
    "boolean" to "Z",
    "byte" to "B",
    "short" to "S",
    "char" to "C",
    "float" to "F",
    "double" to "D",
)

/** The modules of the tests' class path and of the JDK. */
private object Descriptors {
    /** Kotlin writes its annotations into class files, and nothing loads them. */
    private const val IN_CLASS_FILES_ONLY = "org.jetbrains.annotations"
    private val published = TorsionModule.entries.filter { it.published }
    private val ours: Map<TorsionModule, ModuleDescriptor> = published.associateWith { module ->
        ModuleFinder.of(module.directory / "target" / "classes").findAll().single().descriptor()
    }
    private val all: Map<String, ModuleDescriptor> = buildMap {
        ModuleFinder.ofSystem().findAll().forEach { put(it.descriptor().name(), it.descriptor()) }
        System.getProperty("java.class.path").split(File.pathSeparator).filter { it.endsWith(".jar") }.forEach { jar ->
            try {
                val descriptor = ModuleFinder.of(File(jar).toPath()).findAll().single().descriptor()
                // A module that is named after its file, as Kotest's are, cannot be required: users read it with --add-reads.
                if (!descriptor.isAutomatic || hasModuleName(jar)) put(descriptor.name(), descriptor)
            } catch (_: FindException) {
                // It can be no module; nobody requires it then.
            }
        }
        ours.values.forEach { put(it.name(), it) }
    }
    private val byPackage: Map<String, String> = buildMap {
        all.values.forEach { module -> module.packages().forEach { put(it, module.name()) } }
    }

    private fun hasModuleName(jar: String) = JarFile(jar).use { it.manifest?.mainAttributes?.getValue("Automatic-Module-Name") != null }

    fun of(module: TorsionModule): ModuleDescriptor = ours.getValue(module)

    /** The module of [type], null for one that is not to be had here, such as an optional library of a library. */
    fun moduleOf(type: JavaClass): String? =
        if (type.isPrimitive) null else byPackage[type.packageName]?.takeIf { it != IN_CLASS_FILES_ONLY }

    fun readableFrom(module: ModuleDescriptor): Set<String> = closure(module.requires().map { it.name() }) + module.name()

    fun seenByUsersOf(module: ModuleDescriptor): Set<String> = closure(listOf(module.name())) + "java.base"

    /** [names], and what they hand on. An automatic module hands on all of its kind. */
    private fun closure(names: List<String>): Set<String> {
        val found = LinkedHashSet<String>()
        val next = ArrayDeque(names)
        while (next.isNotEmpty()) {
            val name = next.removeFirst()
            if (!found.add(name)) continue
            val module = all[name] ?: continue
            module.requires().filter { Modifier.TRANSITIVE in it.modifiers() }.forEach { next.add(it.name()) }
            if (module.isAutomatic) all.values.filter { it.isAutomatic }.forEach { next.add(it.name()) }
        }
        return found
    }
}
