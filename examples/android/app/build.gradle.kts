plugins {
    id("com.android.application") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.2.20"
}

android {
    namespace = "org.vidstyle.camera"
    compileSdk = 36
    defaultConfig {
        applicationId = "org.vidstyle.camera"
        minSdk = 26
        targetSdk = 36
        versionName = "1"
        versionCode = 1
    }
    androidResources { noCompress += "tflite" }
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation("androidx.activity:activity-ktx:1.11.0")
    implementation("androidx.camera:camera-camera2:1.5.0")
    implementation("androidx.camera:camera-lifecycle:1.5.0")
    implementation("com.google.ai.edge.litert:litert:2.1.0")
}
