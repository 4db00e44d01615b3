# Target LibTorch::LibTorch, made by hand: the wheel's own CMake files add flags, warnings and junk run paths.
# Sets LibTorch_PREFIX, LibTorch_VERSION, LibTorch_CUDA and LibTorch_LIBRARY_DIRS, where programs find its libraries. Used by the
# project and by its installed package.
include("${CMAKE_CURRENT_LIST_DIR}/LibTorchSearch.cmake")
include(FindPackageHandleStandardArgs)

set(cpu_way "A CPU build: pip install --extra-index-url https://download.pytorch.org/whl/cpu 'torch==2.13.0+cpu' into an environment \
that is active (or into .venv, which 'make setup' does when no other LibTorch is in sight). Without any: -DHASTEN_TORCH=OFF.")

hasten_search_libtorch("${PROJECT_SOURCE_DIR}" LibTorch)
if(LibTorch_PREFIX STREQUAL "")
  set(seen "")
  foreach(line IN LISTS LibTorch_REJECTED)
    string(APPEND seen "\n  passed over ${line}")
  endforeach()
  set(LibTorch_REASON "no LibTorch ${HASTEN_LIBTORCH_MIN} up to, but not including, ${HASTEN_LIBTORCH_BELOW} in \
CMAKE_PREFIX_PATH, Torch_DIR, the active Python or .venv.${seen}\n${cpu_way}")
else()
  set(lib "${LibTorch_PREFIX}/lib")
  set(include_dirs "${LibTorch_PREFIX}/include" "${LibTorch_PREFIX}/include/torch/csrc/api/include")
  # The system's C++ library first: LibTorch exports its own copy of std::filesystem, that of libtorch.so 2.11 with CUDA is only half of
  # one, and remove_all crashes in it.
  set(link_libs stdc++ "${lib}/libtorch.so" "${lib}/libtorch_cpu.so" "${lib}/libc10.so")

  set(LibTorch_CUDA OFF)
  set(LibTorch_LIBRARY_DIRS "${lib}")
  if(EXISTS "${lib}/libtorch_cuda.so")
    set(LibTorch_CUDA ON)
    find_package(CUDAToolkit QUIET)
    file(GLOB wheel_cuda "${LibTorch_PREFIX}/../nvidia/*/include")
    find_path(LibTorch_CUDA_INCLUDE_DIR cuda_runtime_api.h HINTS ${CUDAToolkit_INCLUDE_DIRS} ${wheel_cuda})
    if(NOT LibTorch_CUDA_INCLUDE_DIR)
      message(FATAL_ERROR "LibTorch in ${LibTorch_PREFIX} is a CUDA build, but the CUDA toolkit's headers "
        "(cuda_runtime_api.h) are nowhere: install the toolkit, or use a CPU build.\n${cpu_way}")
    endif()
    list(APPEND include_dirs "${LibTorch_CUDA_INCLUDE_DIR}")
    # c10's headers call the CUDA runtime. A second one beside LibTorch's would have streams of its own, so that comes first.
    file(GLOB cudart "${lib}/libcudart*.so*" "${LibTorch_PREFIX}/../nvidia/*/lib/libcudart.so*")
    if(cudart)
      list(GET cudart 0 LibTorch_CUDART)
    else()
      find_library(LibTorch_CUDART cudart HINTS ${CUDAToolkit_LIBRARY_DIR})
    endif()
    if(NOT LibTorch_CUDART)
      message(FATAL_ERROR "LibTorch in ${LibTorch_PREFIX} is a CUDA build, but the CUDA runtime (libcudart.so) is nowhere: "
        "install the toolkit, or use a CPU build.\n${cpu_way}")
    endif()
    list(APPEND link_libs "${LibTorch_CUDART}")
    get_filename_component(cudart_dir "${LibTorch_CUDART}" DIRECTORY)
    list(APPEND LibTorch_LIBRARY_DIRS "${cudart_dir}")
    # Nothing refers to the CUDA library by name: it registers itself when it is loaded, so it must not be dropped.
    list(APPEND link_libs "-Wl,--push-state,--no-as-needed,${lib}/libtorch_cuda.so,${lib}/libc10_cuda.so,--pop-state")
  endif()

  # OpenMP: at::parallel_for is inline and serial without -fopenmp. The wheel carries a libgomp; a second one in the
  # process would make a second thread pool, so that file is linked and the compiler's own is not.
  file(GLOB gomp "${lib}/libgomp*.so*" "${LibTorch_PREFIX}/../torch.libs/libgomp*.so*")
  if(gomp)
    list(GET gomp 0 gomp)
    list(APPEND link_libs "${gomp}")
  else()
    list(APPEND link_libs -fopenmp)
  endif()

  if(NOT TARGET LibTorch::LibTorch)
    add_library(LibTorch::LibTorch INTERFACE IMPORTED)
    set_target_properties(LibTorch::LibTorch PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES "${include_dirs}"
      INTERFACE_LINK_LIBRARIES "${link_libs}"
      # NDEBUG: at::RecordFunction has one member more without it, and the library is built with it.
      INTERFACE_COMPILE_DEFINITIONS NDEBUG
      INTERFACE_COMPILE_OPTIONS -fopenmp)
  endif()
  include("${CMAKE_CURRENT_LIST_DIR}/LibTorchCheck.cmake")
  hasten_check_libtorch("${LibTorch_PREFIX}" "${LibTorch_VERSION}" "${include_dirs}")
endif()

find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_PREFIX VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${LibTorch_REASON}")
